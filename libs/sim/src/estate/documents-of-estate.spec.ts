import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@rackwright/kernel';
import { startSimulation, type Simulation } from '../simulation/index.js';
import { shippedSite } from '../testing/small-world.js';
import { documentsOfEstate, type SiteDocument } from './documents-of-estate.js';

describe('the documents of a simulated site', () => {
  let simulation: Simulation;
  let documents: SiteDocument[];
  beforeAll(async () => {
    simulation = await startSimulation({ site: shippedSite('default'), clock: new ManualClock() });
    documents = documentsOfEstate(simulation.estate);
  });
  afterAll(() => simulation.stop());

  const one = (kind: SiteDocument['kind'], name: string): SiteDocument['spec'] | undefined =>
    documents.find((each) => each.kind === kind && each.metadata.name === name)?.spec;

  it('describe every server with its place, its pool and its cables, Fibre Channel ones by fabric', () => {
    expect(one('Server', 'blade-a-07')).toMatchObject({
      bmc: 'blade-a-07',
      site: 'site-1',
      rack: 'rack-1',
      chassis: 'enclosure-a',
      pool: 'blade-a',
      boardSerial: expect.any(String),
      cabling: expect.arrayContaining([
        { port: 'NIC.Mezzanine.1A-1-1', device: 'leaf-1', devicePort: 'eth7' },
        { port: 'FC.Mezzanine.1C-2', device: 'fabric-b', devicePort: '0/7' },
      ]),
    });
  });

  it('give every document of a kind a name of its own, also where two arrays call a volume the same', () => {
    const names = documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(one('Volume', 'array-2-boot-01')).toMatchObject({ array: 'array-2', arrayVolume: 'boot-01' });
    expect(one('Volume', 'cluster-1')).toMatchObject({ array: 'array-1', shared: true });
  });

  it('say how each device is reached and trusted', () => {
    for (const [kind, name] of [
      ['Bmc', 'rack-ip-01'],
      ['Fabric', 'fabric-a'],
      ['Array', 'array-1'],
    ] as const) {
      expect(one(kind, name)).toMatchObject({ address: expect.any(String), trust: { kind: 'ca' }, credential: {} });
    }
    expect(one('Switch', 'leaf-1')).toMatchObject({ driver: 'ovsdb', parkingVlan: expect.any(Number) });
  });
});
