import { describe, expect, it } from '@jest/globals';
import type { SagaServer } from '@rackwright/contracts';
import { CATALOG, sagaFor } from '@rackwright/saga-catalog';
import { SagaRegistry } from '@rackwright/saga';
import { associationChanges, rebootsOf, undoOf, type MoveFacts } from './association-changes.policy.js';
import { chooseServer, noCandidateProblem } from './choose-server.policy.js';

const PROFILE = 'prf_01890000-0000-7000-8000-000000000001';
const TARGET = 'srv_01890000-0000-7000-8000-000000000017';

function server(name: string, id: string): SagaServer {
  const ports = [
    { name: 'nic1', kind: 'ethernet', device: 'leaf-1', devicePort: `${name}-eth`, carries: 'eth0' },
    { name: 'fc1', kind: 'fibre-channel', device: 'fabric-a', devicePort: `${name}-fc`, carries: 'hba0' },
    { name: 'nic2', kind: 'ethernet' },
  ];
  return { id: id as never, name, epoch: 4, boardSerial: `serial-${name}`, ports: ports as never };
}

function facts(request: MoveFacts['request']): MoveFacts {
  const profile = {
    id: PROFILE,
    name: 'mail-1',
    epoch: 4,
    uuid: '01890000-0000-4000-8000-000000000002',
    fabrics: ['fabric-a'],
  };
  return {
    request,
    preview: {
      profile: profile as never,
      source: server('blade-03', 'srv_01890000-0000-7000-8000-000000000003'),
      target: server('blade-17', TARGET),
      formerHolders: [],
      worldMark: 'mark',
    },
    vnics: [{ name: 'eth0', mac: '02:00:00:00:00:01' as never, nativeVlan: 10, taggedVlans: [20, 30], tagged: [] }],
    storage: {
      vhbas: [
        {
          name: 'hba0',
          fabric: 'fabric-a',
          wwpn: '10:00:02:00:00:00:00:01' as never,
          wwnn: '20:00:02:00:00:00:00:01' as never,
          bootTargets: [],
        },
      ],
      volumes: [{ volume: 'mail-1-root', array: 'array-1', lun: 0, boot: true }],
      fabrics: ['fabric-a'],
    },
    access: {
      zones: [{ fabric: 'fabric-a', name: 'rw_mail-1_hba0', members: ['10:00:02:00:00:00:00:01' as never] }],
      masks: [{ array: 'array-1', host: 'rw-mail-1', luns: [{ volume: 'mail-1-root', lun: 0 }] }],
    },
  };
}

const lines = (given: MoveFacts): string[] =>
  associationChanges(given).map(({ mark, area, device, text }) => `${mark} ${area} ${device}: ${text}`);

const migrate = { kind: 'migrate', profileId: PROFILE as never } as const;

describe('the changes of a plan', () => {
  it('of a migrate leave zones and masks as they are, and say so', () => {
    const shown = lines(facts(migrate));
    expect(shown.filter((line) => /zoning|masking/.test(line))).toEqual([
      '= fabric fabric-a: no zoning change: 1 zone(s) stay as they are',
      '= array array-1: no masking change: rw-mail-1 on array-1 as before',
    ]);
  });

  it('of a migrate cut the source before the target is programmed, and commit only after it runs', () => {
    const shown = lines(facts(migrate));
    const at = (part: string): number => shown.findIndex((line) => line.includes(part));
    const order = [
      'blade-17: switch off if',
      'blade-03: switch off',
      'blade-03-eth',
      'blade-03: take off',
      'blade-17: programme',
      'blade-17-eth (blade-17 nic1): open',
      'blade-17: switch on',
      '# ',
    ];
    const places = order.map(at);
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((left, right) => left - right));
  });

  it('name the VLANs of each port that opens, and no port that nobody cabled', () => {
    const shown = lines(facts(migrate));
    expect(shown).toContain(
      '+ switch leaf-1: port blade-17-eth (blade-17 nic1): open for eth0 with untagged VLAN 10, tagged VLAN 20, 30',
    );
    expect(shown.join('\n')).not.toContain('nic2');
  });

  it('of a disassociate take zones and masks away only when asked, after the point of no return', () => {
    const removing = lines(facts({ kind: 'disassociate', profileId: PROFILE as never, removeAccess: true }));
    expect(removing).toContain('- array array-1: remove host rw-mail-1 with mail-1-root as LUN 0');
    expect(removing.findIndex((line) => line.startsWith('#'))).toBe(1);
    const keeping = lines(facts({ kind: 'disassociate', profileId: PROFILE as never, removeAccess: false }));
    expect(keeping.filter((line) => line.startsWith('-')).join('\n')).not.toMatch(/zone|host/);
  });

  it('tell who goes down and how it is undone', () => {
    expect(rebootsOf(facts(migrate))).toEqual([
      'blade-03 is switched off: mail-1 is down until it runs on blade-17',
      'blade-17 is switched on as mail-1',
    ]);
    expect(undoOf(migrate)).toMatch(/fenced move to the source/);
  });
});

describe('the choice of a server', () => {
  const candidates = [{ serverId: TARGET as never, server: 'blade-17', score: 9, why: ['smallest that fits'] }];
  const reject = (name: string, ...codes: string[]) => ({
    serverId: `srv_${name}` as never,
    server: name,
    reasons: codes.map((code) => ({ code, message: `${name}: ${code}` })),
  });

  it('takes the best one and says why', () => {
    const choice = chooseServer({ candidates, rejected: [reject('a', 'too-small')] }, undefined);
    expect(choice).toMatchObject({ serverId: TARGET, server: 'blade-17' });
    expect(choice.why).toEqual(['blade-17 is the only one that qualifies (1 do not)', 'smallest that fits']);
  });

  it('without any names the most frequent reasons first, with how many they keep out', () => {
    const rejected = [reject('a', 'too-small'), reject('b', 'wrong-pool', 'too-small'), reject('c', 'too-small')];
    const { code, message } = noCandidateProblem(chooseServer({ candidates: [], rejected }, undefined));
    expect(code).toBe('no-candidate');
    expect(message).toMatch(/^none of 3 servers qualifies: 3 × too-small .*; 1 × wrong-pool/);
  });
});

describe('the saga catalogue', () => {
  it('has a registered saga, with an input it takes, for every request that moves something', () => {
    const registry = new SagaRegistry(CATALOG);
    const { preview } = facts(migrate);
    const requests: MoveFacts['request'][] = [
      migrate,
      { kind: 'associate', profileId: PROFILE as never },
      { kind: 'disassociate', profileId: PROFILE as never, removeAccess: true },
      { kind: 'fence', serverId: TARGET as never, reason: 'smoke' },
      { kind: 'delete-profile', profileId: PROFILE as never },
    ];
    for (const request of requests) {
      const given = { actor: 'alice', profileId: PROFILE as never, serverId: TARGET as never, preview };
      const { definition, input } = sagaFor(request, given);
      expect(registry.find(definition.name, definition.version)).toBe(definition);
      expect(definition.input.safeParse(input)).toMatchObject({ success: true });
    }
  });
});
