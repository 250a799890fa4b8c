import { describe, expect, it } from '@jest/globals';
import type { AdapterPortFacts, PortIdentityReading } from '@rackwright/driver-core';
import { parseIqn, parseMac, parseWwn } from '@rackwright/kernel';
import { compareIdentity, judgeClean } from './identity.policy.js';

const OWN = parseMac('52:54:00:00:00:01');
const WANTED = parseMac('02:00:0a:00:00:01');

const nic: AdapterPortFacts = { name: 'NIC.1', kind: 'ethernet', permanentMac: OWN, assignable: true };
const shows = (mac: typeof OWN, pending?: typeof OWN): PortIdentityReading => ({
  port: 'NIC.1',
  current: { port: 'NIC.1', mac },
  clean: mac === OWN,
  ...(pending && { pending: { port: 'NIC.1', mac: pending } }),
});

describe('comparing an identity', () => {
  it('takes what waits for a reset for what the server will be', () => {
    const want = { ports: [{ port: 'NIC.1', mac: WANTED }] };
    expect(compareIdentity(want, [shows(WANTED)], [nic])).toMatchObject({ differences: [], isPending: false });
    expect(compareIdentity(want, [shows(OWN, WANTED)], [nic])).toMatchObject({ differences: [], isPending: true });
    expect(compareIdentity(want, [shows(WANTED, OWN)], [nic]).differences).toHaveLength(1);
    expect(compareIdentity(want, [shows(OWN)], [nic]).differences).toHaveLength(1);
  });

  it('wants every port that is not named to be its own, and every named one to be there', () => {
    expect(compareIdentity({ ports: [] }, [shows(OWN)], [nic]).differences).toEqual([]);
    expect(compareIdentity({ ports: [] }, [shows(WANTED)], [nic]).differences).toHaveLength(1);
    expect(compareIdentity({ ports: [{ port: 'NIC.2' }] }, [shows(OWN)], [nic]).differences).toEqual([
      'NIC.2 is not there',
    ]);
  });

  it('compares normal forms: case, the default portal, the order of fields', () => {
    const initiator = parseIqn('iqn.2026-01.net.example:web');
    const target = { kind: 'iscsi' as const, target: 'iqn.2026-01.net.example:disk', lun: 1 };
    const wwpn = '20:00:0A:00:00:00:00:01';
    const want = {
      ports: [
        {
          port: 'NIC.1',
          wwpn: parseWwn(wwpn),
          iscsi: { initiator, address: '10.0.0.2/24' },
          bootTargets: [{ ...target, portal: '10.0.0.9' }],
        },
      ],
    };
    const current = {
      bootTargets: [{ lun: 1, portal: '10.0.0.9:3260', target: target.target.toUpperCase(), kind: target.kind }],
      iscsi: { address: '10.0.0.2/24', initiator },
      wwpn: wwpn as ReturnType<typeof parseWwn>,
      port: 'NIC.1',
    };
    expect(compareIdentity(want, [{ port: 'NIC.1', current, clean: false }], [nic]).differences).toEqual([]);
  });
});

describe('judging a server clean', () => {
  it('wants nothing programmed and nothing waiting', () => {
    expect(judgeClean([shows(OWN)], [nic]).differences).toEqual([]);
    expect(judgeClean([shows(WANTED)], [nic]).differences).toHaveLength(1);
    expect(judgeClean([shows(OWN, WANTED)], [nic]).differences).toHaveLength(1);
  });

  it('leaves out a port that cannot be told, and only when nothing can be written into it', () => {
    const untold: PortIdentityReading = { port: 'NIC.1', current: { port: 'NIC.1', mac: WANTED }, clean: false };
    const fixed: AdapterPortFacts = { name: 'NIC.1', kind: 'ethernet', assignable: false };
    expect(judgeClean([untold], [fixed])).toEqual({ differences: [], isPending: false, ignored: ['NIC.1'] });
    expect(judgeClean([untold], [{ ...fixed, assignable: true }]).differences).toHaveLength(1);
    expect(judgeClean([untold], []).differences).toHaveLength(1);
    const booting = {
      ...untold,
      current: { ...untold.current, bootTargets: [{ kind: 'iscsi', target: 'x', lun: 0 }] },
    };
    expect(judgeClean([booting as PortIdentityReading], [fixed]).differences).toHaveLength(1);
  });
});
