import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { HardwareEvent } from '@rackwright/sim';
import { OwnPostgres } from '@rackwright/testing';
import { atCommand, atHardwareEvent, type Moment } from './estate/at-the-moment.js';
import type { HostedName } from './estate/estate-services.js';
import { Estate } from './estate/estate.js';
import { describeEnd } from './estate/runs.js';
import { tableShare } from './share.js';

const TEST_MS = 180_000;
const by = (kind: string, server?: string) => (event: HardwareEvent) =>
  event.kind === kind && event.actor !== 'physics' && (server === undefined || event.device.name === server);

describe('in the middle of a migrate', () => {
  let postgres: OwnPostgres;
  let estate: Estate;
  let profile: string;
  let at = 'blade-1';
  beforeAll(async () => {
    postgres = await OwnPostgres.start({ durable: true });
    estate = await Estate.start({ postgres });
    profile = await estate.defineFcProfile();
    await estate.run('associate', profile, at);
  }, TEST_MS);
  beforeEach(async () => {
    expect(await estate.checkWorld({ placed: { [profile]: at } })).toEqual([]);
  }, TEST_MS);
  afterAll(async () => {
    await estate.close();
    await postgres.destroy();
  });

  /** Migrates to the other server, with something happening on the way: ends done, nothing is left over, zones and masks stay as they are. */
  async function migrateThrough(happening: (target: string) => Moment): Promise<void> {
    const target = at === 'blade-1' ? 'blade-2' : 'blade-1';
    const { world } = estate.simulation;
    const access = (): number[] => [world.mutationsOf('fabric'), world.mutationsOf('array')];
    const before = access();
    const moment = happening(target);
    const runId = await estate.runs.begin('migrate', profile, target);
    const end = await estate.runs.untilRest(runId, TEST_MS);
    await moment.over();
    if (end.state !== 'done') throw new Error(`${describeEnd(end)}\n${estate.log.slice(-10).join('')}`);
    at = target;
    expect(access()).toEqual(before);
    expect(await estate.checkWorld({ placed: { [profile]: at } })).toEqual([]);
  }

  const killed = (name: HostedName) => ({
    cut: () => estate.service(name).cutOff(),
    then: () => estate.restart(name),
  });

  type Death = [HostedName, string, (target: string) => Moment];
  const usual: Death[] = [
    ['inventory', 'it is to commit', () => atCommand(estate, 'commit', killed('inventory'))],
    [
      'power',
      'half of an identity is written',
      (to) => atHardwareEvent(estate, by('identity-staged', to), killed('power')),
    ],
    [
      'saga-coordinator',
      'the target is switched on',
      (to) => atHardwareEvent(estate, by('reset', to), killed('saga-coordinator')),
    ],
  ];
  const others: Death[] = [
    ['inventory', 'it is asked for locks', () => atCommand(estate, 'reserve', killed('inventory'))],
    ['network', 'a port closes', () => atHardwareEvent(estate, by('port-config'), killed('network'))],
    [
      'storage-identity',
      'a SAN port closes',
      () => atHardwareEvent(estate, by('san-port'), killed('storage-identity')),
    ],
    ['power', 'the source is switched off', () => atHardwareEvent(estate, by('reset', at), killed('power'))],
    ['power', 'the target is switched on', (to) => atHardwareEvent(estate, by('reset', to), killed('power'))],
    [
      'saga-coordinator',
      'the source is switched off',
      () => atHardwareEvent(estate, by('reset', at), killed('saga-coordinator')),
    ],
  ];
  it.each(tableShare(usual, others))(
    '%s may die while %s',
    async (_name, _when, happening) => {
      await migrateThrough(happening);
    },
    TEST_MS,
  );

  it.each(
    tableShare<[string, () => Promise<void>]>(
      [['loses its store', async () => estate.nats.wipe()]],
      [['keeps its store', () => Promise.resolve()]],
    ),
  )(
    'NATS may die and come back: it %s',
    async (_how, meanwhile) => {
      await migrateThrough(() =>
        atHardwareEvent(estate, by('identity-staged'), {
          then: async () => {
            await estate.nats.stop('SIGKILL');
            await meanwhile();
            await estate.nats.start();
          },
        }),
      );
    },
    TEST_MS,
  );

  it.each(tableShare<[string, 'SIGQUIT' | 'SIGKILL']>([['stopped at once', 'SIGQUIT']], [['killed', 'SIGKILL']]))(
    'PostgreSQL may be %s and come back',
    async (_how, signal) => {
      await migrateThrough(() =>
        atHardwareEvent(estate, by('identity-staged'), {
          then: async () => {
            await postgres.stop(signal);
            await postgres.start();
          },
        }),
      );
    },
    TEST_MS,
  );
});
