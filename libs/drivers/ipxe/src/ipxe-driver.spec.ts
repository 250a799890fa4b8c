import { describe, expect, it } from '@jest/globals';
import type { PortIdentity, ServerIdentity } from '@rackwright/driver-core';
import { callThrough, RecordingGate } from '@rackwright/driver-core/conformance';
import { parseIqn, parseMac, parseUuid, parseWwn } from '@rackwright/kernel';
import fc from 'fast-check';
import { MemoryBootScriptStore } from './boot-script-store.js';
import { createIpxeDriver, type IpxeDriver } from './ipxe-driver.js';
import { claimedIdentity, netmaskOf } from './ipxe-script.js';

const PORTS = [
  { name: 'NIC.1', interface: 'net0' },
  { name: 'NIC.2', interface: 'net1' },
];
const WEB: ServerIdentity = {
  uuid: parseUuid('a1b2c3d4-0000-0000-0000-000000000001'),
  ports: [
    { port: 'NIC.1', mac: parseMac('02:00:00:00:00:10') },
    {
      port: 'NIC.2',
      mac: parseMac('02:00:00:00:00:11'),
      iscsi: { initiator: parseIqn('iqn.2026-01.org.example:web'), address: '10.60.0.50/24' },
      bootTargets: [
        { kind: 'iscsi', target: 'iqn.2026-01.org.example:array1.lun-web', portal: '10.60.0.1:3260', lun: 1 },
      ],
    },
  ],
};

function setUp(): {
  store: MemoryBootScriptStore;
  gate: RecordingGate;
  driver: IpxeDriver;
  call: () => ReturnType<typeof callThrough>;
} {
  const store = new MemoryBootScriptStore();
  const gate = new RecordingGate();
  const driver = createIpxeDriver({ store, serverKey: 'srv-a', ports: PORTS, serial: 'BRD-1' });
  return { store, gate, driver, call: () => callThrough(gate) };
}

describe('the boot script', () => {
  it('sets addresses, the initiator and the LUN, and stays at the prompt when the boot fails', async () => {
    const { store, driver, call } = setUp();
    expect(await driver.ensureIdentity(WEB, call())).toMatchObject({ kind: 'done', changed: true });
    const lines = (store.scripts.get('srv-a') ?? '').split('\n');
    expect([lines[0], ...lines.slice(2)]).toEqual([
      '#!ipxe',
      'ifclose net0 || goto failed',
      'set net0/mac 02:00:00:00:00:10 || goto failed',
      'ifclose net1 || goto failed',
      'set net1/mac 02:00:00:00:00:11 || goto failed',
      'set net1/ip 10.60.0.50 || goto failed',
      'set net1/netmask 255.255.255.0 || goto failed',
      'ifopen net1 || goto failed',
      'set initiator-iqn iqn.2026-01.org.example:web || goto failed',
      'set keep-san 1 || goto failed',
      'sanboot --drive 0x80 iscsi:10.60.0.1::3260:1:iqn.2026-01.org.example:array1.lun-web ||',
      ':failed',
      'echo RACKWRIGHT-SANBOOT-FAILED',
      'shell',
      '',
    ]);
  });

  it('reads back as the identity that was written, without the UUID it cannot change', async () => {
    const { driver, call } = setUp();
    await driver.ensureIdentity(WEB, call());
    const read = await driver.readIdentity(call());
    expect(read).toMatchObject({ kind: 'done', observed: { value: { serial: 'BRD-1' } } });
    expect(read.kind === 'done' && read.observed.value.uuid).toBeUndefined();
    expect(read.kind === 'done' && read.observed.value.ports.map((port) => port.current)).toEqual(WEB.ports);
  });

  it('is removed with the identity, and a server without one is clean', async () => {
    const { store, driver, call } = setUp();
    await driver.ensureIdentity(WEB, call());
    expect(await driver.ensureIdentity({ ports: [] }, call())).toMatchObject({ kind: 'done', changed: true });
    expect(store.scripts.size).toBe(0);
    const read = await driver.readIdentity(call());
    expect(read.kind === 'done' && read.observed.value.ports.every((port) => port.clean)).toBe(true);
  });

  it('is not written again when it is there, and not when the gate refuses', async () => {
    const { store, gate, driver, call } = setUp();
    await driver.ensureIdentity(WEB, call());
    const before = gate.mutations;
    expect(await driver.ensureIdentity(WEB, call())).toMatchObject({ kind: 'done', changed: false });
    expect(gate.mutations).toBe(before);
    gate.refuseMutations = true;
    await expect(driver.ensureIdentity({ ports: [] }, call())).rejects.toThrow('device.stale-epoch');
    expect(store.scripts.size).toBe(1);
    expect(gate.open).toBe(0);
  });

  it('is not believed when a line was changed', async () => {
    const { store, driver, call } = setUp();
    await driver.ensureIdentity(WEB, call());
    store.scripts.set('srv-a', (store.scripts.get('srv-a') ?? '').replace('10.60.0.1:', '10.60.0.9:'));
    expect(await driver.readIdentity(call())).toMatchObject({ kind: 'unknown', why: 'unparseable' });
    expect(await driver.ensureIdentity(WEB, call())).toMatchObject({ kind: 'done', changed: true });
  });

  it('addresses LUNs above 255 in flat space, in hexadecimal', async () => {
    const { store, driver, call } = setUp();
    const at = (lun: number): ServerIdentity => ({
      ports: WEB.ports.map((port) => ({
        ...port,
        ...(port.bootTargets ? { bootTargets: port.bootTargets.map((one) => ({ ...one, lun })) } : {}),
      })),
    });
    await driver.ensureIdentity(at(26), call());
    expect(store.scripts.get('srv-a')).toContain(':3260:1a:iqn');
    await driver.ensureIdentity(at(300), call());
    expect(store.scripts.get('srv-a')).toContain(':3260:412c:iqn');
  });
});

describe('an identity that a script cannot carry', () => {
  const port = (more: Partial<PortIdentity>): ServerIdentity => ({ ports: [{ port: 'NIC.1', ...more }] });
  const iscsi = { initiator: parseIqn('iqn.2026-01.org.example:a') };
  const target = { kind: 'iscsi', target: 'iqn.2026-01.org.example:t', portal: '10.0.0.1:3260', lun: 0 } as const;

  it.each<[string, string, ServerIdentity]>([
    ['a World Wide Name', 'ipxe.no-fibre-channel', port({ wwpn: parseWwn('10:00:0a:00:00:00:00:01') })],
    ['an unknown port', 'ipxe.no-such-port', { ports: [{ port: 'NIC.9' }] }],
    ['a target without initiator', 'ipxe.no-initiator', port({ bootTargets: [target] })],
    [
      'a portal with a command',
      'ipxe.invalid-portal',
      port({ iscsi, bootTargets: [{ ...target, portal: '10.0.0.1 && shell' }] }),
    ],
    [
      'a portal with an expansion',
      'ipxe.invalid-portal',
      port({ iscsi, bootTargets: [{ ...target, portal: '${net0/mac}' }] }),
    ],
    [
      'a target name with a line break',
      'ipxe.invalid-iqn',
      port({ iscsi, bootTargets: [{ ...target, target: 'iqn.2026-01.a:b\nshell' }] }),
    ],
    ['a LUN that is none', 'ipxe.invalid-lun', port({ iscsi, bootTargets: [{ ...target, lun: 1.5 }] })],
    ['an address without prefix', 'ipxe.invalid-address', port({ iscsi: { ...iscsi, address: '10.0.0.1' } })],
    ['a multicast MAC', 'ipxe.invalid-mac', port({ mac: parseMac('01:00:5e:00:00:01') })],
    [
      'one MAC twice',
      'ipxe.mac-twice',
      { ports: PORTS.map(({ name }) => ({ port: name, mac: parseMac('02:00:00:00:00:01') })) },
    ],
  ])('is refused: %s', async (_name, code, want) => {
    const { store, driver, call } = setUp();
    expect(await driver.ensureIdentity(want, call())).toMatchObject({ kind: 'refused', code });
    expect(store.scripts.size).toBe(0);
  });

  it('never becomes script: every line of every accepted identity is one of ours', async () => {
    const LINE =
      /^(#!ipxe|# rackwright-identity [\w-]+|(if(close|open) net\d|set net\d\/mac [0-9a-f:]{17}|set net\d\/(ip|netmask|gateway) [0-9.]+|set initiator-iqn iqn\.[a-z0-9.:-]+|set keep-san 1) \|\| goto failed|:failed|sanboot --drive 0x80 iscsi:[A-Za-z0-9.-]+::\d+:[0-9a-f]+:iqn\.[a-z0-9.:-]+ \|\||echo RACKWRIGHT-SANBOOT-FAILED|shell|exit|)$/;
    const hostile = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '10.0.0.1/24',
        '10.0.0.1:3260',
        'iqn.2026-01.org.example:t',
        '${x}',
        'a\nshell',
        '02:00:00:00:00:01',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          mac: hostile,
          initiator: hostile,
          address: hostile,
          gateway: hostile,
          target: hostile,
          portal: hostile,
          lun: fc.integer(),
        }),
        async (text) => {
          const { store, driver, call } = setUp();
          const { initiator, address, gateway } = text;
          const identity = {
            port: 'NIC.1',
            mac: text.mac,
            iscsi: { initiator, address, gateway },
            bootTargets: [{ kind: 'iscsi', ...text }],
          };
          await driver.ensureIdentity({ ports: [identity] } as never, call());
          for (const line of (store.scripts.get('srv-a') ?? '').split('\n')) expect(line).toMatch(LINE);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is read or not read, never thrown over', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        claimedIdentity(
          `#!ipxe\n# rackwright-identity ${Buffer.from(JSON.stringify(value)).toString('base64url')}\n${text}`,
        );
        claimedIdentity(text);
      }),
    );
  });

  it('has netmasks of every prefix', () => {
    expect([1, 8, 20, 24, 32].map(netmaskOf)).toEqual([
      '128.0.0.0',
      '255.0.0.0',
      '255.255.240.0',
      '255.255.255.0',
      '255.255.255.255',
    ]);
  });
});
