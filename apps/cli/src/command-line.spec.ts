import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  aPlan,
  aProfile,
  aRun,
  aServer,
  aStep,
  ContractServer,
  PASSWORD,
  problem,
  TOKEN,
} from '@rackwright/client/testing';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const BUILD = `
const { bundle } = await import(process.argv[1]);
await bundle({ root: process.argv[2], entries: JSON.parse(process.argv[4]), outdir: process.argv[3] });
`;
const NETWORK = 'apiVersion: rackwright/v1\nkind: Network\nmetadata: { name: mail }\nspec: { vlan: 20 }\n';

/** The program as it is built, in a process of its own, against a server that answers as the API does. */
describe('the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rackwright-cli-'));
  const config = join(folder, 'config');
  let server: ContractServer;

  beforeAll(() => {
    const entries = { cli: 'apps/cli/src/main.ts', sim: 'apps/simulator/src/sim.entry.ts' };
    const bundler = pathToFileURL(resolve('tools/build/bundle.mjs')).href;
    execFileSync(process.execPath, [
      '--input-type=module',
      '-e',
      BUILD,
      bundler,
      resolve('.'),
      folder,
      JSON.stringify(entries),
    ]);
  });
  beforeEach(async () => {
    server = await ContractServer.start();
  });
  afterEach(async () => {
    await server.close();
    rmSync(config, { recursive: true, force: true });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function start(args: readonly string[], environment: Record<string, string> = {}) {
    // Nothing of the environment of whoever runs the tests.
    const env = { RACKWRIGHT_CONFIG_DIR: config, ...environment };
    return spawn(process.execPath, [join(folder, 'cli.mjs'), ...args], { env });
  }

  async function run(args: readonly string[], input = '', environment: Record<string, string> = {}): Promise<Ended> {
    const child = start(args, environment);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.stdin.end(input);
    const code = await new Promise<number | null>((done) => child.once('close', done));
    return { code, out, err };
  }

  /** As somebody who is signed in through the environment. */
  const signedIn = (...args: string[]): Promise<Ended> =>
    run(args, '', { RACKWRIGHT_URL: server.url, RACKWRIGHT_TOKEN: TOKEN });

  function withPlan(plan = aPlan()): void {
    server.on('POST /plans', () => ({ status: 201, body: plan }));
    server.on('GET /plans/pln_1', () => ({ body: plan }));
    server.on('POST /plans/pln_1/runs', () => ({ status: 202, body: { runId: 'run_1' } }));
  }

  describe('signing in', () => {
    it('keeps the session for its owner only, and forgets it again', async () => {
      const login = await run(
        ['login', '--url', server.url, '--username', 'admin', '--password-stdin'],
        `${PASSWORD}\n`,
      );
      expect(login).toMatchObject({ code: 0, out: `signed in at ${server.url} as admin\n` });
      const file = join(config, 'contexts.json');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(statSync(config).mode & 0o777).toBe(0o700);
      server.items.set('servers', [aServer()]);
      expect((await run(['get', 'servers', '-o', 'name'])).out).toBe('blade-1\n');
      expect((await run(['context', 'list'])).out).not.toContain(TOKEN);
      expect((await run(['logout'])).code).toBe(0);
      expect(server.asked('DELETE /sessions/current')).toHaveLength(1);
      expect(readFileSync(file, 'utf8')).not.toContain(TOKEN);
      expect(await run(['get', 'servers'])).toMatchObject({
        code: 1,
        err: expect.stringContaining('rackwright login'),
      });
    });

    it('does not ask where nobody is, and says which option is missing', async () => {
      const ended = await run(['login', '--url', server.url]);
      expect(ended).toMatchObject({ code: 2, err: expect.stringContaining('--username') });
      expect(server.requests).toEqual([]);
    });

    it('keeps nothing when the password is wrong', async () => {
      writeFileSync(join(folder, 'pw'), 'nonsense\n');
      const args = ['login', '--url', server.url, '--username', 'admin', '--password-file', join(folder, 'pw')];
      expect(await run(args)).toMatchObject({
        code: 1,
        err: expect.stringContaining('user name or password is wrong'),
      });
      expect((await run(['context', 'list', '-o', 'json'])).out).toContain('"items": []');
    });

    it('sends the token of a context to no other address', async () => {
      await run(['login', '--url', server.url, '--username', 'admin', '--password-stdin'], PASSWORD);
      const other = await ContractServer.start();
      try {
        expect((await run(['status', '--url', other.url])).err).toContain('nobody is signed in');
        expect(other.requests).toEqual([]);
      } finally {
        await other.close();
      }
    });
  });

  describe('looking', () => {
    it('prints bare values into a pipe, and the whole answer as JSON', async () => {
      server.items.set('servers', [aServer(), aServer({ name: 'blade-2', lifecycle: 'assigned', profile: 'mail-1' })]);
      const { out, err } = await signedIn('get', 'servers', '--pool', 'blades');
      const [first, second] = out.trimEnd().split('\n');
      expect(first?.split('\t').slice(0, 3)).toEqual(['blade-1', 'available', 'off']);
      expect(second?.split('\t').slice(0, 4)).toEqual(['blade-2', 'assigned', 'off', 'mail-1']);
      expect(err).toBe('');
      expect(server.asked('GET /servers')[0]?.query['pool']).toBe('blades');
      const json = JSON.parse((await signedIn('get', 'servers', '-o', 'json')).out) as {
        items: unknown[];
        total: number;
      };
      expect(json).toMatchObject({ total: 2, items: [aServer(), { name: 'blade-2' }] });
      expect((await signedIn('get', 'servers', '-o', 'yaml')).out).toContain('items:\n  - id: srv_');
    });

    it('says what there is when a kind or a filter does not exist', async () => {
      expect(await signedIn('get', 'toaster')).toMatchObject({
        code: 2,
        err: expect.stringContaining('server, profile'),
      });
      expect(await signedIn('get', 'fabrics', '--pool', 'x')).toMatchObject({ code: 2 });
      expect(await signedIn('get', 'site', 'nowhere')).toMatchObject({ code: 1 });
    });

    it('explains why a profile can go nowhere else', async () => {
      const rejected = [
        { serverId: 's', server: 'blade-8', reasons: [{ code: 'too-small', message: 'only 8 cores' }] },
      ];
      server.on('GET /profiles/mail-1/placement', () => ({ body: { candidates: [], rejected } }));
      const { out } = await signedIn('why', 'mail-1', 'blade-8');
      expect(out).toBe('x blade-8: only 8 cores\n0 of 1 servers qualify.\n');
      expect(server.requests[0]?.query).toEqual({ server: 'blade-8' });
    });

    it('shows events from the first one kept and stops when there are no more', async () => {
      server.emit(1, { type: 'run-ended', time: '2026-01-01T08:00:00Z', data: { runId: 'run_1' } });
      expect(await signedIn('events')).toMatchObject({
        code: 0,
        out: '1  2026-01-01T08:00:00Z  run-ended  runId=run_1\n',
      });
    });
  });

  describe('documents', () => {
    const path = join(folder, 'network.yaml');
    beforeEach(() => writeFileSync(path, NETWORK));

    it('are checked before anything is sent, with file, line and column', async () => {
      writeFileSync(path, NETWORK.replace('vlan', 'vlna'));
      const ended = await signedIn('apply', '-f', path, '--yes');
      expect(ended.code).toBe(2);
      expect(ended.err).toContain(`${path}:4:9: there is no field "vlna" here`);
      expect(server.requests).toEqual([]);
    });

    it('are shown as a diff and not applied without consent', async () => {
      const diff = [{ path: '/spec/vlan', after: 20 }];
      server.on('POST /documents/plan', () => ({
        body: { changes: [{ kind: 'Network', name: 'mail', action: 'create', diff }] },
      }));
      const dry = await signedIn('apply', '-f', path, '--dry-run');
      expect(dry).toMatchObject({ code: 0, out: '+ Network mail\n    + /spec/vlan: 20\n\nPlan: 1 to create.\n' });
      expect(await signedIn('apply', '-f', path)).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
      expect(server.asked('POST /documents/apply')).toEqual([]);
    });

    it('are applied from standard input, and again without effect', async () => {
      server.onSequence('POST /documents/plan', [
        { changes: [{ kind: 'Network', name: 'mail', action: 'create' }] },
        { changes: [{ kind: 'Network', name: 'mail', action: 'unchanged' }] },
      ]);
      server.on('POST /documents/apply', () => ({
        body: { results: [{ kind: 'Network', name: 'mail', action: 'create' }] },
      }));
      const environment = { RACKWRIGHT_URL: server.url, RACKWRIGHT_TOKEN: TOKEN };
      const first = await run(['apply', '-f', '-', '--yes'], NETWORK, environment);
      expect(first).toMatchObject({ code: 0, out: 'Network mail created\nApplied: 1 created.\n' });
      expect(server.asked('POST /documents/apply')[0]?.text).toBe(NETWORK);
      const second = await run(['apply', '-f', '-'], NETWORK, environment);
      expect(second).toMatchObject({ code: 0, out: 'nothing to change\n' });
      expect(server.asked('POST /documents/apply')).toHaveLength(1);
    });

    it('that the server finds wrong change nothing, and the place is said', async () => {
      const problems = [{ path: '/spec/vlan', code: 'vlan-taken', message: 'network web has VLAN 20' }];
      server.on('POST /documents/plan', () => ({
        body: { changes: [{ kind: 'Network', name: 'mail', action: 'error', problems }] },
      }));
      const ended = await signedIn('apply', '-f', path, '--yes');
      expect(ended.code).toBe(2);
      expect(ended.err).toContain(`${path}:4:9: network web has VLAN 20`);
      expect(server.asked('POST /documents/apply')).toEqual([]);
    });
  });

  describe('a change', () => {
    const endings = [
      ['done', 0],
      ['undone', 5],
      ['stuck', 6],
    ] as const;

    it.each(endings)('that ends %s ends the program with %i', async (state, code) => {
      withPlan();
      server.onSequence('GET /runs/run_1', [aRun('running', { steps: [aStep({ state: 'running' })] }), aRun(state)]);
      const ended = await signedIn('migrate', 'mail-1', '--to', 'blade-7', '--yes', '--wait');
      expect(ended).toMatchObject({ code, out: 'run_1\n' });
      expect(ended.err).toContain('Plan: 1 to change, 1 to reboot.');
      expect(ended.err).toContain('  running  > reserve blade-7\n  done     + reserve blade-7  850 ms\n');
      expect(JSON.parse(server.asked('POST /plans')[0]?.text ?? '')).toEqual({
        kind: 'migrate',
        profile: 'mail-1',
        server: 'blade-7',
      });
      expect(server.asked('POST /plans/pln_1/runs')[0]?.headers['idempotency-key']).toBe('pln_1');
    });

    it('that takes too long goes on, and says what it is at', async () => {
      withPlan();
      server.on('GET /runs/run_1', () => ({
        body: aRun('running', { steps: [aStep({ state: 'retrying', note: 'BMC busy' })] }),
      }));
      const ended = await signedIn('migrate', 'mail-1', '--yes', '--wait', '--timeout', '300ms');
      expect(ended.code).toBe(7);
      expect(ended.err).toContain('cause: reserve blade-7: BMC busy\n  next:  rackwright run watch run_1');
    });

    it('is not begun without consent, and not against a rule or another change', async () => {
      withPlan();
      expect(await signedIn('migrate', 'mail-1')).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
      withPlan(aPlan({ state: 'blocked', blockedBy: [{ code: 'not-qualified', message: 'blade-7 is too small' }] }));
      expect(await signedIn('migrate', 'mail-1', '--yes')).toMatchObject({ code: 3 });
      withPlan(aPlan({ state: 'blocked', blockedBy: [{ code: 'profile-locked', message: 'busy' }] }));
      expect(await signedIn('migrate', 'mail-1', '--yes')).toMatchObject({ code: 4 });
      expect(await signedIn('plan', 'migrate', 'mail-1')).toMatchObject({ code: 4, err: '' });
      expect(server.asked('POST /plans/pln_1/runs')).toEqual([]);
      withPlan();
      server.on('POST /plans/pln_1/runs', () =>
        problem(409, 'world-moved', 'blade-7 is gone', { action: 'Make a new plan.' }),
      );
      const moved = await signedIn('run', 'start', 'pln_1', '--yes');
      expect(moved).toMatchObject({ code: 4, err: expect.stringContaining('next:  Make a new plan.') });
    });

    it('that is severe wants the name, and --yes does not stand for it', async () => {
      withPlan(aPlan({ request: { kind: 'fence' }, title: 'Fence blade-1' }));
      const fence = ['fence', 'blade-1', '--reason', 'smoke'];
      expect(await signedIn(...fence, '--yes')).toMatchObject({
        code: 2,
        err: expect.stringContaining('--confirm=blade-1'),
      });
      expect(await signedIn(...fence, '--confirm=blade-2')).toMatchObject({ code: 2 });
      expect(server.asked('POST /plans/pln_1/runs')).toEqual([]);
      const ended = await signedIn(...fence, '--confirm=blade-1', '-o', 'json');
      expect(JSON.parse(ended.out)).toEqual({ runId: 'run_1', planId: 'pln_1' });
      expect(ended.err).toBe('');
    });

    it('tells programs about errors in JSON', async () => {
      server.on('GET /profiles/x', () =>
        problem(404, 'unknown-profile', 'there is no profile x', { action: 'Check.' }),
      );
      const ended = await signedIn('get', 'profile', 'x', '-o', 'json');
      expect(ended).toMatchObject({ code: 1, out: '' });
      expect(JSON.parse(ended.err)).toMatchObject({
        error: { code: 'unknown-profile', status: 404, action: 'Check.' },
      });
    });
  });

  it('gives a stuck run its verbs, with reason and name', async () => {
    server.on('GET /runs/run_1', () => ({ body: aRun('running') }));
    for (const verb of ['retry', 'cancel', 'abandon', 'mark-done'])
      server.on(`POST /runs/run_1/${verb}`, () => ({ body: {} }));
    expect(await signedIn('run', 'retry', 'run_1')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--reason'),
    });
    expect((await signedIn('run', 'retry', 'run_1', '--reason', 'BMC is back')).code).toBe(0);
    expect((await signedIn('run', 'abandon', 'run_1', '--reason', 'x', '--yes')).code).toBe(2);
    const marked = ['run', 'mark-done', 'run_1', '--step', 'start', '--reason', 'seen it', '--confirm', 'run_1'];
    expect((await signedIn(...marked)).code).toBe(0);
    expect(JSON.parse(server.asked('POST /runs/run_1/mark-done')[0]?.text ?? '')).toEqual({
      step: 'start',
      reason: 'seen it',
    });
    expect(server.asked('POST /runs/run_1/abandon')).toEqual([]);
  });

  it('moves a server in its life cycle, with a reason', async () => {
    server.on('POST /servers/blade-1/lifecycle', () => ({ body: { from: 'quarantined', to: 'available' } }));
    const move = ['server', 'lifecycle', 'blade-1', 'available'];
    expect(await signedIn(...move)).toMatchObject({ code: 2, err: expect.stringContaining('--reason') });
    expect(await signedIn('server', 'lifecycle', 'blade-1', 'assigned', '--reason', 'x')).toMatchObject({ code: 2 });
    expect(server.requests).toEqual([]);
    const moved = await signedIn(...move, '--reason', 'new fan');
    expect(moved).toMatchObject({ code: 0, out: 'blade-1 is available (was quarantined)\n' });
    expect(JSON.parse(server.asked('POST /servers/blade-1/lifecycle')[0]?.text ?? '')).toEqual({
      to: 'available',
      reason: 'new fan',
    });
    server.on('POST /servers/blade-1/lifecycle', () => problem(409, 'former-holder', 'fence it first'));
    expect(await signedIn(...move, '--reason', 'x')).toMatchObject({
      code: 4,
      err: expect.stringContaining('fence it first'),
    });
  });

  it('makes a token that is shown once, lists tokens and revokes one by its name', async () => {
    const { role, name } = { role: 'viewer', name: 'ci' };
    server.on('POST /tokens', () => ({ status: 201, body: { id: 'tok_1', name, role, token: 'secret-1' } }));
    const made = await signedIn('token', 'create', 'ci', '--role', 'viewer', '--expires', '2036-01-01T00:00:00Z');
    expect(made).toMatchObject({ code: 0, out: 'secret-1\n' });
    expect(JSON.parse(server.asked('POST /tokens')[0]?.text ?? '')).toEqual({
      name,
      role,
      expiresAt: '2036-01-01T00:00:00.000Z',
    });
    expect((await signedIn('token', 'create', 'ci', '--role', 'king')).code).toBe(2);
    expect((await signedIn('token', 'create', 'ci', '--role', 'viewer', '--expires', 'soon')).code).toBe(2);
    expect(server.asked('POST /tokens')).toHaveLength(1);
    server.items.set('tokens', [{ id: 'tok_1', name, role, createdBy: 'admin' }]);
    expect((await signedIn('token', 'list')).out).toContain('ci\tviewer\tadmin');
    server.on('DELETE /tokens/tok_1', () => ({ status: 204 }));
    expect((await signedIn('token', 'revoke', 'nobody', '--yes')).err).toContain('there is no token "nobody"');
    expect((await signedIn('token', 'revoke', 'ci')).err).toContain('--yes');
    expect(server.asked('DELETE /tokens/tok_1')).toEqual([]);
    expect(await signedIn('token', 'revoke', 'ci', '--yes')).toMatchObject({ code: 0, out: 'ci is revoked\n' });
    expect(server.asked('DELETE /tokens/tok_1')).toHaveLength(1);
  });

  it('enrols a BMC and shows its machine once it has been read', async () => {
    server.on('POST /documents/apply', () => ({
      body: { results: [{ kind: 'Bmc', name: 'bmc-10.0.0.7', action: 'create' }] },
    }));
    const bmc = { name: 'bmc-10.0.0.7', address: '10.0.0.7' };
    const page = (item: object): object => ({ items: [item], total: 1 });
    server.onSequence('GET /bmcs', [page(bmc), page({ ...bmc, serverId: 'srv_1' })]);
    server.on('GET /servers/srv_1', () => ({ body: aServer() }));
    writeFileSync(join(folder, 'bmc-pw'), 'calvin\n');
    const discover = ['discover', '10.0.0.7', '--username', 'root', '--password-file', join(folder, 'bmc-pw')];
    const ended = await signedIn(...discover);
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining('BRD0001') });
    const [document] = JSON.parse(server.asked('POST /documents/apply')[0]?.text ?? '') as { spec: unknown }[];
    expect(document?.spec).toMatchObject({
      trust: { kind: 'first-use' },
      credential: { username: 'root', password: 'calvin' },
    });
    server.on('GET /bmcs', () => ({ body: page({ ...bmc, problem: 'wrong password' }) }));
    expect(await signedIn(...discover)).toMatchObject({
      code: 1,
      err: expect.stringContaining('cause: wrong password'),
    });
  });

  it('describes a profile together with where it could go', async () => {
    server.on('GET /profiles/mail-1', () => ({ body: aProfile() }));
    server.on(`GET /profiles/${aProfile().id}/placement`, () => ({ body: { candidates: [], rejected: [] } }));
    expect((await signedIn('describe', 'profile', 'mail-1')).out).toContain('x86_64, 16 cores or more');
  });

  it('knows wrong words from help', async () => {
    expect(await run(['migrat'])).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean migrate') });
    expect(await run(['migrate', '--help'])).toMatchObject({ code: 0, out: expect.stringContaining('--to <server>') });
    expect(await run(['version'])).toMatchObject({ code: 0, out: '0.1.0\n' });
    expect((await run(['status', '--url', 'nonsense'], '', { RACKWRIGHT_TOKEN: 'x' })).code).toBe(2);
  });

  it('ends quietly when its reader has seen enough', async () => {
    const child = start(['events', '--follow', '--from', '1'], { RACKWRIGHT_URL: server.url, RACKWRIGHT_TOKEN: TOKEN });
    server.emit(1, { type: 'first' });
    await new Promise((seen) => child.stdout.once('data', seen));
    child.stdout.destroy();
    const ended = new Promise<number | null>((done) => child.once('close', done));
    server.emit(2, { type: 'second' });
    expect(await ended).toBe(0);
  });

  it('hands over to the simulator, which serves a capture until it is told to stop', async () => {
    const capture = join(folder, 'capture');
    mkdirSync(capture, { recursive: true });
    writeFileSync(join(capture, 'index.json'), JSON.stringify({ '@odata.id': '/redfish/v1/' }));
    const child = start(['sim', 'serve-capture', capture]);
    const url = String(await new Promise((said) => child.stdout.once('data', said))).trim();
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+/);
    const ended = new Promise<number | null>((done) => child.once('close', done));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(await run(['sim', 'serve-capture', join(folder, 'nothing')])).toMatchObject({ code: 1 });
    expect(await run(['sim', 'serve-nothing'])).toMatchObject({ code: 2, err: expect.stringContaining('Usage:') });
  });

  it('prints a completion script that its shell can read', async () => {
    const { out } = await run(['completion', 'bash']);
    const script = `${out}\nCOMP_WORDS=(rackwright run mar); COMP_CWORD=2; _rackwright; echo "\${COMPREPLY[*]}"`;
    expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).toBe('mark-done\n');
  });

  it('has the reference that lies in the documentation', async () => {
    const { out } = await run(['reference']);
    expect(readFileSync('docs/reference/generated/cli.md', 'utf8')).toBe(out);
  });
});
