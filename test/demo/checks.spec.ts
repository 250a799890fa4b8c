import { describe, expect, it } from '@jest/globals';
import type { Profile } from '@rackwright/client';
import type { ArrayState, ServerState } from '@rackwright/sim';
import { judge, type Evening } from './checks.js';

const MAC = '02:00:00:00:00:01';
const WWPN = '10:00:00:00:00:00:00:01';

function profile(name: string, server: string): Profile {
  return {
    id: name,
    state: 'ready',
    definition: { name },
    server,
    vnics: [{ name: 'lan', mac: MAC, address: '10.0.0.1' }],
    storage: { vhbas: [{ name: 'san', fabric: 'fabric-a', wwpn: WWPN }] },
  };
}

function writes(count: number, initiator: string): ArrayState[] {
  const lifetimes = ['blade', 'rack'].map((server) => ({ server, initiator, count }));
  return [{ name: 'array', writes: { 'mail-1-boot': { count, lifetimes } } }] as unknown as ArrayState[];
}

/** An evening on which one profile has moved from a blade to a rack server and all is well. */
function evening(changes: Partial<Evening> = {}): Evening {
  const current = { mac: MAC, wwpn: WWPN, bootTargets: [] };
  const rack = { name: 'rack', phase: 'os-running', bootedFrom: 'array/mail-1-boot', ports: [{ current }] };
  return {
    record: {
      morning: new Map([['mail-1', profile('mail-1', 'blade')]]),
      evening: new Map([['mail-1', profile('mail-1', 'rack')]]),
      first: new Map([['mail-1', 1]]),
      changedByMoves: { zoning: 0, masking: 0 },
    },
    inventory: {
      powered: ['rack'],
      identities: [{ server: 'rack', port: 'nic', mac: MAC, bootTargets: [], pending: false }],
      zones: [{ fabric: 'fabric-a', zone: 'z', members: [WWPN] }],
      definedOnly: [],
      openTransactions: [],
      masks: [{ array: 'array', host: 'h', initiators: [WWPN], volume: 'mail-1-boot', lun: 0 }],
      sessions: [],
      vlans: [{ switch: 'leaf', port: 'eth1', native: 5, tagged: [], closed: false }],
      sanPorts: [],
    },
    servers: [rack] as unknown as ServerState[],
    cables: [
      {
        from: { kind: 'server', device: 'rack', port: 'nic' },
        to: { kind: 'switch', device: 'leaf', port: 'eth1' },
        broken: false,
      },
    ],
    arrays: writes(5, WWPN),
    arraysLater: writes(9, WWPN),
    checkers: { ok: true, stopped: false, checkedEvents: 1, invariants: ['I1'], violations: [] },
    openRuns: 0,
    ...changes,
  };
}

/** Claims that do not hold; the profiles this small evening does not have are left aside. */
function broken(changes: Partial<Evening>): string[] {
  return judge(evening(changes)).flatMap(({ claim, ok }) => (ok || claim.endsWith('is known') ? [] : claim));
}

describe('the checks of the day', () => {
  const good = evening();

  it('hold when all is well', () => {
    expect(broken({})).toEqual([]);
  });

  it.each<[string, Partial<Evening>, RegExp]>([
    ['an invariant was broken', { checkers: { ...good.checkers, ok: false } }, /invariant/],
    ['a move changed zoning', { record: { ...good.record, changedByMoves: { zoning: 1, masking: 0 } } }, /no zoning/],
    ['an idle server is on', { inventory: { ...good.inventory, powered: ['blade', 'rack'] } }, /are off/],
    ['an identity was left behind', identityLeft(), /no identity/],
    ['a port was left open', { cables: [] }, /network ports/],
    ['a foreign mask is there', foreignMask(), /left over/],
    ['another initiator wrote', { arraysLater: writes(9, '10:00:00:00:00:00:00:99') }, /goes on writing/],
    ['nobody writes any more', { arraysLater: writes(5, WWPN) }, /goes on writing/],
    ['the system is down', { servers: [] }, /runs on/],
    ['a run is open', { openRuns: 1 }, /every run/],
  ])('see that %s', (_what, changes, claim) => {
    expect(broken(changes)).toEqual([expect.stringMatching(claim)]);
  });

  function identityLeft(): Partial<Evening> {
    const left = { server: 'blade', port: 'nic', mac: MAC, bootTargets: [], pending: false };
    return { inventory: { ...good.inventory, identities: [...good.inventory.identities, left] } };
  }

  function foreignMask(): Partial<Evening> {
    const mask = { array: 'array', host: 'x', initiators: ['10:00:00:00:00:00:00:99'], volume: 'v', lun: 1 };
    return { inventory: { ...good.inventory, masks: [...good.inventory.masks, mask] } };
  }
});
