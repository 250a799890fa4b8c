import { beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Snippet {
  readonly claim: string;
  readonly path: string;
  readonly code: string;
  /** The one rule that must fire; undefined when the snippet is fine. */
  readonly rule: string | undefined;
}

const NX = '@nx/enforce-module-boundaries';
const NAME = 'rackwright/workspace-imports';
const WORLD = 'rackwright/no-ambient-world';
const OWNERS = 'rackwright/package-owners';
const SERVICE = 'apps/power/src/power-action/power-action.service.ts';
const DRIVER = 'libs/drivers/redfish/src/redfish-power.ts';
const SAGA = 'libs/saga-catalog/src/associate-profile.saga.ts';
const longFunction = (lines: number): string => `export function long(): void {\n${'  void 0;\n'.repeat(lines)}}\n`;
const uses = (source: string): string => `import { thing } from '${source}';\nexport const used = thing;\n`;

const snippets: readonly Snippet[] = [
  { claim: 'a service may use messaging', path: SERVICE, code: uses('@rackwright/messaging'), rule: undefined },
  { claim: 'an app imports no other app', path: SERVICE, code: uses('@rackwright/app-network'), rule: NAME },
  { claim: 'an app reaches no other app by path', path: SERVICE, code: uses('../../../network/src/main.js'), rule: NX },
  {
    claim: 'the command line sees no database',
    path: 'apps/cli/src/main.ts',
    code: uses('@rackwright/persistence'),
    rule: NX,
  },
  {
    claim: 'contracts imports only the kernel',
    path: 'libs/contracts/src/a.ts',
    code: uses('@rackwright/messaging'),
    rule: NX,
  },
  { claim: 'a saga reaches no database', path: SAGA, code: uses('@rackwright/persistence'), rule: NX },
  { claim: 'a saga reaches no driver', path: SAGA, code: uses('@rackwright/driver-redfish'), rule: NX },
  { claim: 'a driver uses the driver ports', path: DRIVER, code: uses('@rackwright/driver-core'), rule: undefined },
  { claim: 'a driver imports no other driver', path: DRIVER, code: uses('@rackwright/driver-ipmi'), rule: NX },
  { claim: 'a driver is free of Nest', path: DRIVER, code: uses('@nestjs/common'), rule: NX },
  {
    claim: 'the simulator library is free of Nest',
    path: 'libs/sim/src/world.ts',
    code: uses('@nestjs/common'),
    rule: NX,
  },
  {
    claim: 'production code does not use the test library',
    path: SERVICE,
    code: uses('@rackwright/testing'),
    rule: NX,
  },
  {
    claim: 'a spec may use the test library',
    path: 'apps/power/src/power-action/power-action.spec.ts',
    code: uses('@rackwright/testing'),
    rule: undefined,
  },
  { claim: 'a subpath counts as its package', path: SAGA, code: uses('@rackwright/persistence/testing'), rule: NAME },
  {
    claim: 'the subpath of an allowed package is fine',
    path: SAGA,
    code: uses('@rackwright/saga/testing'),
    rule: undefined,
  },
  { claim: 'a service does not see the database mapper', path: SERVICE, code: uses('typeorm'), rule: OWNERS },
  { claim: 'an entity does', path: 'apps/power/src/bmc/bmc.entity.ts', code: uses('typeorm'), rule: undefined },
  { claim: 'a service does not see the message client', path: SERVICE, code: uses('@nats-io/nats-core'), rule: OWNERS },
  { claim: 'messaging does', path: 'libs/messaging/src/link.ts', code: uses('@nats-io/nats-core'), rule: undefined },
  { claim: 'no Date.now', path: SERVICE, code: 'export const at = Date.now();\n', rule: WORLD },
  { claim: 'no new Date()', path: SERVICE, code: 'export const at = new Date();\n', rule: WORLD },
  { claim: 'a given date is fine', path: SERVICE, code: 'export const at = new Date(0);\n', rule: undefined },
  { claim: 'no Math.random', path: SERVICE, code: 'export const die = Math.random();\n', rule: WORLD },
  { claim: 'no setTimeout', path: SERVICE, code: 'setTimeout(() => undefined, 1);\n', rule: WORLD },
  {
    claim: 'no setInterval in a spec either',
    path: 'libs/sim/src/a.spec.ts',
    code: 'setInterval(() => 1, 1);\n',
    rule: WORLD,
  },
  { claim: 'no timers module', path: SERVICE, code: "import 'node:timers/promises';\n", rule: WORLD },
  { claim: 'no crypto.randomUUID', path: SERVICE, code: 'export const id = crypto.randomUUID();\n', rule: WORLD },
  { claim: 'no randomBytes', path: SERVICE, code: "export { randomBytes } from 'node:crypto';\n", rule: WORLD },
  {
    claim: 'the kernel asks the machine for time',
    path: 'libs/kernel/src/clock.ts',
    code: 'export const at = Date.now();\n',
    rule: undefined,
  },
  {
    claim: 'no process.env',
    path: SERVICE,
    code: 'export const url = process.env;\n',
    rule: 'rackwright/no-process-env',
  },
  {
    claim: 'a config file reads it',
    path: 'apps/power/src/power.config.ts',
    code: 'export const url = process.env;\n',
    rule: undefined,
  },
  {
    claim: 'no any',
    path: SERVICE,
    code: 'export const it = (x: any) => x;\n',
    rule: '@typescript-eslint/no-explicit-any',
  },
  {
    claim: 'types are imported as types',
    path: SERVICE,
    code: "import { Thing } from './thing.js';\nexport const f = (thing: Thing): Thing => thing;\n",
    rule: '@typescript-eslint/consistent-type-imports',
  },
  {
    claim: 'a decorated constructor keeps its class import',
    path: SERVICE,
    code: "import { Thing } from './thing.js';\n@Injectable()\nexport class A {\n  constructor(readonly thing: Thing) {}\n}\n",
    rule: undefined,
  },
  { claim: 'no long function', path: SERVICE, code: longFunction(70), rule: 'rackwright/max-lines-per-function' },
  {
    claim: 'a list of tests is not a long function',
    path: 'libs/sim/src/a.spec.ts',
    code: `describe('a', () => {\n${"  it('b', () => undefined);\n".repeat(80)}});\n`,
    rule: undefined,
  },
  { claim: 'no long file', path: SERVICE, code: 'export {};\n'.repeat(401), rule: 'max-lines' },
  { claim: 'a spec may be longer', path: 'libs/sim/src/a.spec.ts', code: 'export {};\n'.repeat(401), rule: undefined },
  { claim: 'no endless spec', path: 'libs/sim/src/a.spec.ts', code: 'export {};\n'.repeat(601), rule: 'max-lines' },
  { claim: 'a saga is short', path: SAGA, code: 'export {};\n'.repeat(201), rule: 'max-lines' },
  {
    claim: 'no five parameters',
    path: SERVICE,
    code: 'export const f = (...[a, b, c, d, e]: number[]) => a;\nexport function g(a: 1, b: 1, c: 1, d: 1, e: 1) {\n  return [a, b, c, d, e];\n}\n',
    rule: 'rackwright/max-params',
  },
  {
    claim: 'a port stays small',
    path: 'libs/drivers/core/src/big-port.ts',
    code: `export interface BigPort {\n${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `  m${n}(): void;\n`).join('')}}\n`,
    rule: 'rackwright/port-size',
  },
];

describe('the lint rules of this repository', () => {
  let fired: string[][];

  beforeAll(() => {
    const runner = fileURLToPath(new URL('lint-snippets.mjs', import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, [runner], {
      input: JSON.stringify(snippets.map(({ path, code }) => ({ path, code }))),
      encoding: 'utf8',
    });
    expect(stderr.replace(/npm warn.*\n/g, '')).toBe('');
    fired = JSON.parse(stdout) as string[][];
  }, 60_000);

  it.each(snippets.map((snippet, index) => ({ ...snippet, index })))('$claim', ({ rule, index }) => {
    const rules = new Set(fired[index]?.filter((id) => id !== '@typescript-eslint/no-unused-vars'));
    if (rule === undefined) expect([...rules]).toEqual([]);
    else expect([...rules]).toContain(rule);
  });

  it('does not let the code switch a rule off', () => {
    const runner = fileURLToPath(new URL('lint-snippets.mjs', import.meta.url));
    const code = '// eslint-disable-next-line rackwright/no-ambient-world\nexport const at = Date.now();\n';
    const { stdout } = spawnSync(process.execPath, [runner], {
      input: JSON.stringify([{ path: SERVICE, code }]),
      encoding: 'utf8',
    });
    expect(stdout).toContain(WORLD);
  });
});
