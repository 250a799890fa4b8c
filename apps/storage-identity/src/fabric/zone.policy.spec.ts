import { describe, expect, it } from '@jest/globals';
import { parseWwn } from '@rackwright/kernel';
import { mergeWishes, zoneDifference, zoneName, zonesFor } from './zone.policy.js';

const wwpn = parseWwn('10:00:02:fd:01:00:00:01');
const wwnn = parseWwn('20:00:02:fd:01:00:00:02');
const target = parseWwn('58:cc:f0:90:00:00:00:01');
const zone = (name: string) => ({ name, members: [wwpn, target] });
const profile = {
  profileId: 'prf_1',
  profile: 'mail-1',
  spec: { vhbas: [], volumes: [] },
  vhbas: [{ name: 'fc-a', fabric: 'fabric-a', wwpn, wwnn }],
  volumes: [{ volume: 'boot', array: 'array-1', arrayVolume: 'boot', lun: 0, boot: true }],
};
const targets = new Map([['array-1', [{ kind: 'fibre-channel' as const, name: target }]]]);

describe('zones of a profile', () => {
  it('hold one initiator and the targets of one array that are logged into that fabric', () => {
    const { zones } = zonesFor(profile, { fabric: 'fabric-a', targets, logins: [{ wwpn: target }] });
    expect(zones).toEqual([{ name: zoneName(profile, 'fc-a', 'array-1'), members: [wwpn, target] }]);
  });

  it('are not made while nobody of the array is there', () => {
    expect(zonesFor(profile, { fabric: 'fabric-a', targets, logins: [] })).toEqual({ zones: [], missing: ['array-1'] });
  });

  it('have names that a fabric takes and that differ for profiles with one name after another', () => {
    const names = ['prf_1', 'prf_2'].map((profileId) =>
      zoneName({ profileId, profile: 'a.very-long.name-of-a-profile' }, 'fc-a', 'array-1'),
    );
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^rw_[0-9A-Za-z_]{1,61}$/);
  });

  it('are asked for once when one step was tried twice', () => {
    const merged = mergeWishes([
      { ensure: [zone('rw_a')], remove: [] },
      { ensure: [zone('rw_a')], remove: ['rw_b'] },
      { ensure: [], remove: ['rw_b'] },
    ]);
    expect(merged).toEqual({ ensure: [zone('rw_a')], remove: ['rw_b'] });
  });

  it('differ when a member is missing', () => {
    expect(zoneDifference([{ name: 'rw_a', members: [wwpn] }], [zone('rw_a')])).toContain('rw_a');
    expect(zoneDifference([{ name: 'rw_a', members: [target, wwpn] }], [zone('rw_a')])).toBeUndefined();
  });
});
