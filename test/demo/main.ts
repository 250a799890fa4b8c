/**
 * `npm run demo`: a day in a simulated data centre. E-mail runs on the blades in the morning and moves away at noon, the
 * transaction servers take the blades, and everything that is claimed is checked on the hardware in the end. Starts a
 * Rackwright of its own and leaves nothing running. Exit codes: 0 every check held, 1 not, 2 wrong usage.
 */
import type { Profile } from '@rackwright/client';
import { AppError, isAppError, messageOf, SystemClock, type Clock } from '@rackwright/kernel';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Instance } from '../e2e/instance/instance.js';
import { processesOf } from '../e2e/instance/processes.js';
import { judge, lookAround, type Evening, type Finding } from './checks.js';
import { bootsOf, Day, MAIL, TRANSACTIONS } from './day.js';
import { readDemoOptions, USAGE, type DemoOptions } from './demo.config.js';
import { tableText, Timeline } from './timeline.js';

const write = (text: string): void => void process.stdout.write(text);
const clock = new SystemClock();

async function playDay(instance: Instance, { scale }: DemoOptions): Promise<readonly Finding[]> {
  const timeline = new Timeline(clock, scale, write);
  const client = await instance.signIn();
  const world = instance.world();
  const record = await new Day({ client, world, clock, timeline }).run();
  const evening = await lookAround(record, { client, world, clock });
  write(`\n${tableText(rowsOf(evening))}\n`);
  const findings = judge(evening);
  write(`\n${findingsText(findings)}`);
  return findings;
}

function findingsText(findings: readonly Finding[]): string {
  return findings.map(({ ok, claim, found }) => `${ok ? 'ok    ' : 'FAILED'} ${claim}\n         ${found}\n`).join('');
}

/** Before and after of every profile. */
function rowsOf({ record, arraysLater }: Evening): string[][] {
  const head = ['profile', 'server', 'MAC', 'WWPN', 'address', 'LUN', 'boots'];
  const rows = [...MAIL, ...TRANSACTIONS].flatMap((name) => {
    const boots = bootsOf(name, arraysLater);
    const [before, after] = [record.morning.get(name), record.evening.get(name)];
    return [
      [name, ...cellsOf(before), String(record.first.get(name) ?? 0)],
      ['', ...cellsOf(after), String(boots.length)],
    ];
  });
  return [head, ...rows];
}

function cellsOf(profile: Profile | undefined): string[] {
  const vnic = profile?.vnics?.[0];
  const vhba = profile?.storage?.vhbas?.[0];
  const boot = profile?.storage?.volumes?.find((volume) => volume.boot === true);
  const disk = boot === undefined ? '' : `${boot.volume} (${boot.lun})`;
  return [profile?.server ?? 'none', vnic?.mac ?? '', vhba?.wwpn ?? '', vnic?.address ?? '', disk];
}

/** Passable for the user the database runs as under root. */
function makeFolder(wanted: string | undefined): string {
  if (wanted !== undefined) mkdirSync(wanted, { recursive: true });
  const folder = wanted ?? mkdtempSync(join(tmpdir(), 'rackwright-demo-'));
  chmodSync(folder, 0o711);
  return folder;
}

async function run(options: DemoOptions, interrupted: Promise<never>, clock: Clock): Promise<number> {
  const startedMs = clock.monotonicMs();
  const dataFolder = makeFolder(options.dataFolder);
  let instance: Instance | undefined;
  let findings: readonly Finding[];
  try {
    write(`Starting Rackwright with its simulated data centre (time runs ${options.scale} times as fast) ...\n`);
    const starting = Instance.start({ dataFolder, scale: options.scale });
    starting.then((started) => (instance = started)).catch(() => undefined);
    instance = await Promise.race([starting, interrupted]).finally(() => starting.catch(() => undefined));
    write(`up after ${((clock.monotonicMs() - startedMs) / 1000).toFixed(1)} s, ${instance.address}\n`);
    findings = await Promise.race([playDay(instance, options), interrupted]);
  } catch (error) {
    write(`\ndata and logs: ${dataFolder}\n`);
    throw error;
  } finally {
    await instance?.stop();
  }
  const left = processesOf(dataFolder);
  const found = left.length === 0 ? 'none' : left.join(', ');
  const stopped = { claim: 'after the end no process of this demo is left', ok: left.length === 0, found };
  write(findingsText([stopped]));
  const all = [...findings, stopped];
  const failed = all.filter(({ ok }) => !ok).length;
  if (options.keep || failed > 0) write(`\ndata and logs: ${dataFolder}\n`);
  else rmSync(dataFolder, { recursive: true, force: true });
  const seconds = ((clock.monotonicMs() - startedMs) / 1000).toFixed(1);
  write(`\n${all.length - failed} of ${all.length} checks held, ${seconds} s\n`);
  return failed === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const options = readDemoOptions(process.argv.slice(2));
  if (options === undefined) {
    write(USAGE);
    return 0;
  }
  const interrupted = new Promise<never>((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => reject(new AppError('demo.interrupted', `stopped by ${signal}`)));
    }
  });
  interrupted.catch(() => undefined);
  return run(options, interrupted, clock);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`\ndemo: ${error instanceof AppError ? messageOf(error) : String((error as Error).stack)}\n`);
  process.exitCode = isAppError(error, 'demo.usage') ? 2 : 1;
}
