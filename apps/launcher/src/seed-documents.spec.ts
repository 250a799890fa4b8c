import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RackDocument } from '@rackwright/client';
import { parseDocuments } from '@rackwright/documents';
import { ManualClock } from '@rackwright/kernel';
import { startSimulation, type Simulation } from '@rackwright/sim';
import { documentsOfEstate } from '@rackwright/sim/estate';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exampleDocuments, inBatches, inExamplePools, writeForRetry } from './seed-documents.js';

const EXAMPLES = 'docs/examples';

describe('the documents a new data folder begins with', () => {
  let simulation: Simulation;
  let folder: string;
  let site: RackDocument[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rackwright-seed-'));
    simulation = await startSimulation({ site: 'libs/sim/sites/default.yaml', clock: new ManualClock() });
    site = inExamplePools(documentsOfEstate(simulation.estate) as readonly RackDocument[], simulation.estate);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await simulation.stop();
  });

  const names = (documents: readonly RackDocument[], kind: string): string[] =>
    documents.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);

  const problemsOf = (file: string): unknown[] => {
    const { documents, problems } = parseDocuments(readFileSync(file, 'utf8'));
    return [...problems, ...documents.flatMap((each) => each.problems)];
  };

  it('send a server and its BMC in one request, and every document once', () => {
    const batches = inBatches(site, 40);
    for (const batch of batches) expect(names(batch, 'Bmc')).toEqual(names(batch, 'Server'));
    expect(batches.flat()).toHaveLength(site.length);
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(40);
  });

  it('are without fault', () => {
    for (const file of ['networks', 'server-pools', 'mail', 'transactions', 'web']) {
      expect({ file, problems: problemsOf(join(EXAMPLES, `${file}.yaml`)) }).toEqual({ file, problems: [] });
    }
  });

  it('put every server into a pool of the examples, spares apart', () => {
    const pools = names(exampleDocuments(EXAMPLES), 'ServerPool');
    const used = site
      .filter(({ kind }) => kind === 'Server')
      .map(({ metadata, spec }) => [metadata.name, spec['pool']]);
    expect(pools).toEqual(expect.arrayContaining([...new Set(used.map(([, pool]) => pool))]));
    expect(Object.fromEntries(used)).toMatchObject({
      'blade-a-01': 'blades',
      'blade-a-16': 'spares',
      'rack-fc-01': 'rack-servers',
    });
  });

  it('name only volumes that the example site has', () => {
    const volumes = exampleDocuments(EXAMPLES).flatMap(({ spec }) => (spec['volumes'] ?? []) as { volume: string }[]);
    expect(names(site, 'Volume')).toEqual(expect.arrayContaining(volumes.map(({ volume }) => volume)));
  });

  it('are kept for another try where only their owner can read them', () => {
    writeForRetry(folder, site);
    const file = join(folder, 'site', 'site.yaml');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(problemsOf(file)).toEqual([]);
  });
});
