import { describe, expect, it } from '@jest/globals';
import { CallEnding } from '@rackwright/driver-core';
import { parseWwn } from '@rackwright/kernel';
import fc from 'fast-check';
import { quirksOf } from './fos-quirks.js';
import { parseZoneDatabase, readingOf, type ZoneDatabase } from './zone-database.js';
import { planZones, unactivatedZones } from './zone-plan.js';

const HOST = parseWwn('10:00:0a:00:00:00:00:01');
const DISK = parseWwn('50:06:01:60:00:00:00:01');
const OPTIONS = { zoneName: quirksOf('v9.1.1').zoneName };
const CHECKSUM = 'ab'.repeat(16);

function aDatabase(parts: { effective?: object; defined?: object; lock?: object } = {}): ZoneDatabase {
  const effective = { checksum: CHECKSUM, 'default-zone-access': 0, 'cfg-name': 'prod', ...parts.effective };
  return parseZoneDatabase({ effective, defined: parts.defined, lock: parts.lock });
}

/** The code of the refusal that `work` ends the call with. */
function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    if (error instanceof CallEnding) return error.result;
    throw error;
  }
  return undefined;
}

const ZONE = (name: string, entries: unknown): object => ({
  'zone-name': name,
  'zone-type-string': 'zone',
  'member-entry': { 'entry-name': entries },
});

describe('the zoning database', () => {
  it('reads lists of one as lists, numbers as text, and members through aliases', () => {
    const database = aDatabase({
      effective: { 'default-zone-access': '0', 'enabled-zone': ZONE('z', HOST.toUpperCase()) },
      defined: {
        zone: ZONE('z', 'a_host'),
        alias: { 'alias-name': 'a_host', 'member-entry': { 'alias-entry-name': HOST } },
        cfg: { 'cfg-name': 'prod', 'member-zone': { 'zone-name': 'z' } },
      },
    });
    expect(readingOf(database)).toMatchObject({
      configuration: 'prod',
      defaultZoneOpen: false,
      enabledZones: [{ name: 'z', members: [HOST] }],
      definedZones: [{ name: 'z', members: [HOST] }],
    });
    expect(unactivatedZones(database)).toEqual([]);
  });

  it('names whoever holds the lock', () => {
    const lock = { 'lock-principal-domain-id': '3', 'client-user-name': 'anna', 'client-interface': 'ssh' };
    expect(readingOf(aDatabase({ lock })).openTransaction).toEqual({ owner: 'anna through ssh on domain 3' });
  });

  it('is read or ends the call, whatever the switch says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (effective, defined, lock) => {
        try {
          parseZoneDatabase({ effective, defined, lock });
          aDatabase({ defined: { zone: defined, cfg: lock, alias: effective } as object });
        } catch (error) {
          expect(error).toBeInstanceOf(CallEnding);
        }
      }),
    );
  });
});

describe('a zone plan', () => {
  const change = { ensure: [{ name: 'rw_web', members: [HOST, DISK] }], remove: [] };

  it('adds a zone and lists it, with POST only', () => {
    const { edits, commit } = planZones(aDatabase(), change, OPTIONS);
    expect(edits.map((edit) => [edit.method, Object.keys(edit.content)])).toEqual([
      ['POST', ['zone']],
      ['POST', ['cfg']],
    ]);
    expect(commit).toEqual({ enable: 'prod' });
  });

  it('takes a zone out of its configuration before it deletes it', () => {
    const defined = {
      zone: [ZONE('rw_web', [HOST]), ZONE('theirs', [DISK])],
      cfg: { 'cfg-name': 'prod', 'member-zone': { 'zone-name': ['rw_web', 'theirs'] } },
    };
    const { edits } = planZones(aDatabase({ defined }), { ensure: [], remove: ['rw_web'] }, OPTIONS);
    expect(edits).toEqual([
      { method: 'DELETE', content: { cfg: [{ 'cfg-name': 'prod', 'member-zone': { 'zone-name': ['rw_web'] } }] } },
      { method: 'DELETE', content: { zone: [{ 'zone-name': 'rw_web' }] } },
    ]);
  });

  it.each([
    ['an open default zone', 'fos.default-zone-open', { effective: { 'default-zone-access': 1 } }, change],
    ['no configuration', 'fos.no-configuration', { effective: { 'cfg-name': '' } }, change],
    ['a zone of others', 'fos.not-ours', {}, { ensure: [], remove: ['theirs'] }],
    ['a zone without members', 'fos.zone-empty', {}, { ensure: [{ name: 'rw_x', members: [] }], remove: [] }],
    ['a name the firmware has not', 'fos.zone-name', {}, { ensure: [{ name: 'rw_ü', members: [HOST] }], remove: [] }],
  ])('refuses %s', (_name, code, parts, wish) => {
    expect(refusal(() => planZones(aDatabase(parts), wish, OPTIONS))).toMatchObject({ kind: 'refused', code });
  });

  it('makes a configuration only under the name it was given, and disables it with its last zone', () => {
    const own = { ...OPTIONS, createConfiguration: 'rw_cfg' };
    expect(planZones(aDatabase({ effective: { 'cfg-name': '' } }), change, own).commit).toEqual({ enable: 'rw_cfg' });
    const defined = {
      zone: ZONE('rw_web', [HOST]),
      cfg: { 'cfg-name': 'rw_cfg', 'member-zone': { 'zone-name': 'rw_web' } },
    };
    const last = aDatabase({ effective: { 'cfg-name': 'rw_cfg' }, defined });
    expect(planZones(last, { ensure: [], remove: ['rw_web'] }, own)).toMatchObject({ commit: { disable: true } });
    expect(refusal(() => planZones(last, { ensure: [], remove: ['rw_web'] }, OPTIONS))).toMatchObject({
      code: 'fos.last-zone',
    });
  });

  it('sees zones of others that were saved and not enabled', () => {
    const defined = {
      zone: ZONE('theirs', [HOST, DISK]),
      cfg: { 'cfg-name': 'prod', 'member-zone': { 'zone-name': 'theirs' } },
    };
    expect(unactivatedZones(aDatabase({ effective: { 'enabled-zone': ZONE('theirs', [HOST]) }, defined }))).toEqual([
      'theirs',
    ]);
  });
});

describe('quirks', () => {
  it.each([
    ['v8.0.2c', '/rest/running/zoning', false],
    ['v8.2.3b', '/rest/running/zoning', false],
    ['v9.1.1b', '/rest/running/brocade-zone', true],
    ['v10.0.0', '/rest/running/brocade-zone', true],
    ['nonsense', '/rest/running/brocade-zone', true],
  ])('go by firmware: %s', (firmware, zoning, fabricLock) => {
    expect(quirksOf(firmware)).toMatchObject({ zoning, fabricLock });
  });
});
