/** `npm start`: installs and builds what is missing, then becomes the launcher. Options: `npm start -- --help`. */
import './check-node.cjs';

const { installIfNeeded } = await import('./workspace/install.mjs');
const { ROOT } = await import('./workspace/root.mjs');

async function start() {
  installIfNeeded(ROOT);
  const { buildApps } = await import('./build/build.mjs');
  const { built, durationMs } = await buildApps({ root: ROOT });
  if (built) console.log(`built in ${(durationMs / 1000).toFixed(1)} s`);
  process.env.RACKWRIGHT_PROJECT_ROOT = ROOT;
  await import(new URL('../dist/apps/launcher.mjs', import.meta.url).href);
}

try {
  await start();
} catch (error) {
  const details = (error.errors ?? []).map((e) => `${e.location?.file ?? ''}:${e.location?.line ?? ''} ${e.text}`);
  console.error(['rackwright could not be started:', error.message, ...details].join('\n  '));
  process.exit(1);
}
