import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Profile, RackwrightClient, Run, Server } from '@rackwright/client';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './instance/instance.config.js';
import { Instance } from './instance/instance.js';
import { launchedProcesses, processesOf, familyOf } from './instance/processes.js';

/** Who is killed, and in which step of the move: one in which he has work under way, so that it is broken off. */
const VICTIMS = [
  ['gateway', 'stop-source'],
  ['network', 'close-source-lan'],
  ['power', 'clear-source'],
  ['storage-identity', 'end-sessions'],
  ['inventory', 'note-holder'],
  ['saga-coordinator', 'programme'],
  ['failover', 'recheck-identity'],
  ['nats', 'stop-source'],
  ['postgres', 'clear-source'],
  ['simulator', 'verify-boot'],
] as const;

const SCALE = 60;
const RUN_WITHIN_MS = 120_000;
const UP_AGAIN_WITHIN_MS = 30_000;

const PROFILE = {
  apiVersion: 'rackwright/v1' as const,
  kind: 'ServerProfile',
  metadata: { name: 'mail-1' },
  spec: {
    vnics: [{ name: 'lan', native: 'production', address: '10.1.0.11' }],
    vhbas: [
      { name: 'san-a', fabric: 'fabric-a' },
      { name: 'san-b', fabric: 'fabric-b' },
    ],
    volumes: [{ volume: 'boot-01', lun: 0, boot: true }],
  },
};

describe('a move in the middle of which a process is killed', () => {
  let dataFolder: string;
  let instance: Instance;
  let client: RackwrightClient;

  beforeAll(async () => {
    execFileSync(process.execPath, [join(projectRoot(), 'tools/build/build.mjs')], { stdio: 'ignore' });
    dataFolder = mkdtempSync(join(tmpdir(), 'rackwright-kill-'));
    chmodSync(dataFolder, 0o711);
    const site = join(projectRoot(), 'libs/sim/sites/small.yaml');
    instance = await Instance.start({ dataFolder, scale: SCALE, site });
    client = await instance.signIn();
    await instance.until(() => allDiscovered(client), 60_000, 'every server is discovered');
    const [{ runId = '' } = {}] = await client.applyDocuments([PROFILE]);
    expect((await client.runs.wait(runId, { timeoutMs: RUN_WITHIN_MS })).state).toBe('done');
    const run = await runOf({ kind: 'associate', profile: 'mail-1', server: 'blade-1' });
    expect(outcomeOf(await client.runs.wait(run, { timeoutMs: RUN_WITHIN_MS }))).toBe('done');
  }, 300_000);

  afterAll(async () => {
    await instance?.stop();
    const left = processesOf(dataFolder);
    rmSync(dataFolder, { recursive: true, force: true });
    expect(left).toEqual([]);
  }, 60_000);

  async function runOf(order: { kind: string; profile: string; server: string }): Promise<string> {
    const plan = await client.createPlan(order);
    expect(plan.blockedBy).toEqual([]);
    return (await client.runs.start(plan.id)).runId;
  }

  it.each(VICTIMS)(
    'ends right when %s is killed during %s',
    async (victim, step) => {
      const source = (await client.profile('mail-1')).server;
      const target = source === 'blade-1' ? 'blade-2' : 'blade-1';
      const runId = await runOf({ kind: 'migrate', profile: 'mail-1', server: target });
      await instance.until(
        async () => hasBegun(await client.runs.get(runId), step),
        RUN_WITHIN_MS,
        `${step} has begun`,
      );
      const killed = kill(dataFolder, victim);

      const run = await client.runs.wait(runId, { timeoutMs: RUN_WITHIN_MS });
      expect(['done', 'undone']).toContain(outcomeOf(run));
      await instance.until(() => isBack(dataFolder, victim, killed), UP_AGAIN_WITHIN_MS, `${victim} is back`);
      await worldIsRight(run.state === 'done' ? target : (source ?? ''));
    },
    RUN_WITHIN_MS + 60_000,
  );

  /** The profile runs on this server, and there is nothing of it anywhere else. */
  async function worldIsRight(holder: string): Promise<void> {
    const world = instance.world();
    await instance.until(
      async () => (await world.servers()).find(({ name }) => name === holder)?.phase === 'os-running',
      60_000,
      `${holder} runs its system`,
    );
    const profile: Profile = await client.profile('mail-1');
    const wwpns = (profile.storage?.vhbas ?? []).flatMap(({ wwpn }) => wwpn ?? []).sort();
    const inventory = await world.inventory();
    expect({
      holder: profile.server,
      formerHolders: profile.formerHolders,
      lockedBy: profile.lockedBy,
      locked: (await serversOf(client)).filter(({ lockedBy }) => lockedBy !== undefined).map(({ name }) => name),
      openRuns: (await client.page('runs', { open: true })).items,
      powered: inventory.powered,
      identities: [...new Set(inventory.identities.map(({ server }) => server))],
      sessions: [...new Set(inventory.sessions.map(({ initiator }) => initiator))].sort(),
      masks: inventory.masks.map(({ volume, initiators }) => ({ volume, initiators })),
      zones: inventory.zones.length,
      halfDone: [...inventory.definedOnly, ...inventory.openTransactions],
      violations: (await world.checkers()).violations,
    }).toEqual({
      holder,
      formerHolders: [],
      lockedBy: undefined,
      locked: [],
      openRuns: [],
      powered: [holder],
      identities: [holder],
      sessions: wwpns,
      masks: [{ volume: 'boot-01', initiators: wwpns }],
      zones: wwpns.length,
      halfDone: [],
      violations: [],
    });
  }
});

/** The state, with what is known about a run that went wrong. */
function outcomeOf(run: Run): string {
  if (run.state !== 'stuck') return run.state;
  const steps = run.steps.filter(({ state }) => !['done', 'waiting', 'skipped'].includes(state));
  return [`stuck: ${run.reason ?? ''}`, ...steps.map(({ step, state, note }) => `${step} ${state} ${note ?? ''}`)].join(
    '\n',
  );
}

function hasBegun(run: Run, step: string): boolean {
  const begun = run.steps.some((each) => each.step.startsWith(step) && each.state !== 'waiting');
  return begun && run.endedAt === undefined;
}

/** Kills a process and everything it started, without any warning; answers whom. */
function kill(dataFolder: string, name: string): number {
  const victim = launchedProcesses(dataFolder).find((each) => each.name === name);
  if (victim === undefined) throw new Error(`${name} is not running`);
  const members = familyOf(victim.pid);
  expect(members).toContain(victim.pid);
  for (const pid of members) process.kill(pid, 'SIGKILL');
  return victim.pid;
}

function isBack(dataFolder: string, name: string, killed: number): boolean {
  return launchedProcesses(dataFolder).some((each) => each.name === name && each.pid !== killed);
}

async function serversOf(client: RackwrightClient): Promise<Server[]> {
  return [...(await client.page<Server>('servers', { limit: 100 })).items];
}

async function allDiscovered(client: RackwrightClient): Promise<boolean> {
  const servers = await serversOf(client);
  return servers.length === 6 && servers.every(({ lifecycle }) => lifecycle === 'available');
}
