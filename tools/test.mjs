/** `npm test`: installs what is missing, then Jest; arguments go to Jest, whose summary is the last thing printed. */
import './check-node.cjs';

const { spawnSync } = await import('node:child_process');
const { join } = await import('node:path');
const { installIfNeeded } = await import('./workspace/install.mjs');
const { ROOT } = await import('./workspace/root.mjs');
const { installPackages } = await import('./packages/packages.mjs');
const { resolveNatsServer } = await import('./nats-server/resolve.mjs');

const JEST = join('node_modules', 'jest', 'bin', 'jest.js');

async function test(args) {
  installIfNeeded(ROOT);
  const natsServer = await resolveNatsServer({ log: console.log });
  installPackages('test');
  const workers = args.some((arg) => /^(--maxWorkers|-w|--runInBand|-i)/.test(arg)) ? [] : ['--maxWorkers=2'];
  const { status, signal, error } = spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', JEST, ...workers, ...args],
    {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, NATS_SERVER: natsServer, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    },
  );
  if (error) throw error;
  return signal === null ? status : 1;
}

try {
  process.exitCode = await test(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
