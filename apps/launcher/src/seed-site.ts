import { problemOf, RackwrightClient, type DocumentResult, type RackDocument } from '@rackwright/client';
import { AppError, messageOf } from '@rackwright/kernel';
import { documentsOfEstate } from '@rackwright/sim/estate';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exampleDocuments, inBatches, inExamplePools, writeForRetry, type Estate } from './seed-documents.js';

/** What the seeding may use. */
export interface SeedContext {
  readonly address: string;
  readonly adminPassword: string;
  readonly projectRoot: string;
  /** Where it is noted that the seeding was completed, and where the documents are kept for doing it again by hand. */
  readonly dataFolder: string;
  /** What the simulator wrote about its site; undefined without a simulator. */
  readonly estateFile: string | undefined;
  /** The examples name things of the example site; with another one only the site itself is described. */
  readonly examples: boolean;
  readonly say: (level: 'info' | 'warn', line: string) => void;
}

/**
 * Called once for a new data folder, when everything is ready and before the address is printed: signs in to the API as
 * the first administrator and describes the simulated site and the examples to it. Answers what it did in one line for
 * the user; a failure is told with the command that tries again, and ends nothing. Repeatable.
 */
export type SeedSite = (context: SeedContext) => Promise<string | undefined>;

const DONE_FILE = 'seeded.json';
/** Documents in one request: progress can be shown, and no request comes near the limit of its size. */
const BATCH = 40;
const RUN_ENDS_WITHIN_MS = 60_000;

export const seedSite: SeedSite = async (context) => {
  const { dataFolder, estateFile } = context;
  if (estateFile === undefined || existsSync(join(dataFolder, DONE_FILE))) return undefined;
  try {
    const done = await seed(context, estateFile);
    writeFileSync(join(dataFolder, DONE_FILE), `${JSON.stringify(done)}\n`, { mode: 0o600 });
    return `${done.servers} servers, ${done.profiles} server profiles`;
  } catch (error) {
    context.say('warn', `the site could not be described to the API: ${explain(error)}`);
    const again = `npx rackwright apply -f ${join(dataFolder, 'site')}${context.examples ? ' -f docs/examples' : ''}`;
    context.say('warn', `after signing in, this tries again and may be repeated: ${again}`);
    return `not described yet, see above; again with: ${again}`;
  }
};

async function seed(context: SeedContext, estateFile: string): Promise<{ servers: number; profiles: number }> {
  const estate = JSON.parse(readFileSync(estateFile, 'utf8')) as Estate;
  const ofSite = documentsOfEstate(estate) as readonly RackDocument[];
  const site = context.examples ? inExamplePools(ofSite, estate) : ofSite;
  writeForRetry(context.dataFolder, site);
  const examples = context.examples ? exampleDocuments(join(context.projectRoot, 'docs', 'examples')) : [];
  const anonymous = RackwrightClient.to({ url: context.address, userAgent: 'rackwright-launcher' });
  const { token } = await anonymous.signIn('admin', context.adminPassword);
  const client = anonymous.withToken(token);
  try {
    await apply(client, [...examples.filter(isPool), ...site], context);
    await apply(client, examples, context);
  } finally {
    // The session was for this only; a gateway that is away ends it by its age.
    await client.signOut().catch(() => undefined);
  }
  const count = (kind: string): number => [...site, ...examples].filter((each) => each.kind === kind).length;
  return { servers: count('Server'), profiles: count('ServerProfile') };
}

async function apply(
  client: RackwrightClient,
  documents: readonly RackDocument[],
  { say }: Pick<SeedContext, 'say'>,
): Promise<void> {
  const runIds: string[] = [];
  let applied = 0;
  for (const batch of inBatches(documents, BATCH)) {
    const results = await client.applyDocuments(batch);
    refuseErrors(results);
    runIds.push(...results.flatMap(({ runId }) => runId ?? []));
    applied += batch.length;
    const kinds = [...new Set(batch.map(({ kind }) => kind))].join(', ');
    say('info', `site: ${applied} of ${documents.length} documents applied (${kinds})`);
  }
  for (const runId of runIds) {
    const run = await client.runs.wait(runId, { timeoutMs: RUN_ENDS_WITHIN_MS });
    if (run.state !== 'done') {
      throw new AppError('launcher.seed-run', `"${run.title}" ended ${run.state}: ${run.reason ?? 'no reason given'}`);
    }
  }
}

function refuseErrors(results: readonly DocumentResult[]): void {
  const bad = results.find(({ action }) => action === 'error');
  if (bad === undefined) return;
  const why = bad.problems?.map(({ path, message }) => `${path ?? ''} ${message}`.trim()).join('; ');
  throw new AppError('launcher.seed-refused', `${bad.kind} ${bad.name} was refused: ${why ?? 'no reason given'}`);
}

function isPool(document: RackDocument): boolean {
  return document.kind === 'ServerPool';
}

function explain(error: unknown): string {
  const entries = problemOf(error)?.errors ?? [];
  const places = entries.slice(0, 5).map(({ pointer, detail }) => `${pointer ?? ''} ${detail ?? ''}`.trim());
  return [messageOf(error), ...places].join('\n  ');
}
