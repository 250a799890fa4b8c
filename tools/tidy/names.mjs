/** Names that say where a file belongs: `<subject>.<kind>.ts` in kebab-case, kinds from one list. */

/** What the second part of a name may be, and what it promises. */
export const KINDS = {
  entity: 'a table row of the database mapper',
  repository: 'reads and writes one entity',
  store: 'hand-written SQL of the hot path',
  service: 'a use case',
  handlers: 'messages in, one line each',
  controller: 'HTTP in',
  policy: 'pure decisions',
  module: 'wiring',
  config: 'reads the environment',
  migrations: 'database changes, only ever added',
  saga: 'one saga',
  reconciler: 'converges to intent',
  worker: 'carries operations on',
  quirks: 'device peculiarities as data',
  face: 'a simulated device on a socket',
  checker: 'an invariant of the simulated world',
  driver: 'a capability port over a protocol',
  command: 'one verb of the command line',
  guard: 'lets a request through or not',
  interceptor: 'acts around every request of a route',
  dto: 'shape of an HTTP body',
  entry: 'a further program of an app',
  gate: 'lets a message or call through or not',
  strategy: 'a transport of the service framework',
  fixture: 'input of tests',
  conformance: 'tests every implementation of a port passes',
  projection: 'a read model fed by events',
  schema: 'Zod schemas',
  queries: 'questions answered from the own tables',
  work: 'one kind of operation on a device',
  generator: 'writes generated files',
  messages: 'what a service says and hears',
  view: 'what a query answers',
  codec: 'between our words and those of a device',
  property: 'tests over generated inputs',
  definition: 'a service as its process and its tests host it',
  runner: 'starts and stops with its service',
  reader: 'reads devices again and again',
  sender: 'hands outgoing messages over',
  listener: 'follows changes in their transaction',
  server: 'a small listener of our own',
  turns: 'steps of device work',
  filter: 'makes answers of errors',
  tokens: 'injection tokens',
  spec: 'tests',
};

const FORBIDDEN = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'shared', 'stuff']);
const WORD = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const OWN_NAMES = new Set([
  'README.md',
  'LICENSE',
  'LICENSES.md',
  'NOTICE',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
]);

/** Findings about file and folder names of our own code. */
export function nameFindings(files) {
  return files
    .filter(({ path }) => /^(apps|libs|tools|test)\//.test(path) && !path.startsWith('test/data/'))
    .flatMap(checkName);
}

function checkName({ path }) {
  const parts = path.split('/');
  const file = parts.pop();
  const forbidden = [...parts, file.split('.')[0]].filter((part) => FORBIDDEN.has(part));
  const findings = forbidden.map((part) => `${path}: "${part}" says nothing about what is inside; name the subject`);
  if (!/\.(ts|mjs|cjs)$/.test(file) || OWN_NAMES.has(file)) return findings;
  const [subject, ...kinds] = file.replace(/(\.d)?\.(ts|mts|mjs|cjs)$/, '').split('.');
  if (![subject, ...kinds].every((part) => WORD.test(part))) findings.push(`${path}: names are kebab-case`);
  const unknown = kinds.filter((kind) => !(kind in KINDS));
  if (unknown.length > 0) findings.push(`${path}: kind "${unknown.join('.')}" is not in tools/tidy/names.mjs`);
  return findings;
}
