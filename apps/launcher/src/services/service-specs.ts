import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessSpec } from '../supervisor/process-spec.js';
import type { ServiceEntry } from './service-list.js';
import { schemaOf, roleOf } from './service-list.js';

/** What the services of one start have in common. */
export interface ServiceSurroundings {
  readonly projectRoot: string;
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly logLevel: string;
  readonly natsUrl: string;
  readonly gatewayPort: number;
  readonly databaseUrlOf: (role: string) => string;
  readonly seedFileOf: (service: string) => string;
  readonly stateFolderOf: (service: string) => string;
  readonly masterKeyFileOf: (service: string) => string;
  readonly firstPassword: string | undefined;
  readonly site: string | undefined;
  readonly timeScale: number;
}

/** The bundle of a service, or undefined when it has none (yet). */
export function bundleOf(projectRoot: string, service: string): string | undefined {
  const path = join(projectRoot, 'dist', 'apps', `${service}.mjs`);
  return existsSync(path) ? path : undefined;
}

/**
 * How one service is started. This is the whole contract between launcher and services: the variables below, a JSON log
 * line with its port, `/readyz` there, and SIGTERM to end.
 */
export function serviceSpec(entry: ServiceEntry, surroundings: ServiceSurroundings): ProcessSpec | undefined {
  const { projectRoot } = surroundings;
  const bundle = bundleOf(projectRoot, entry.name);
  if (bundle === undefined) return undefined;
  const watch = join(projectRoot, 'dist', 'apps', 'parent-watch.mjs');
  return {
    name: entry.name,
    command: process.execPath,
    args: ['--enable-source-maps', '--import', watch, bundle],
    cwd: projectRoot,
    env: {
      ...surroundings.inherited,
      RACKWRIGHT_LOG_LEVEL: surroundings.logLevel,
      HEALTH_HOST: '127.0.0.1',
      HEALTH_PORT: '0',
      STATE_DIR: surroundings.stateFolderOf(entry.name),
      ...(entry.stateful ? statefulEnvironment(entry.name, surroundings) : {}),
      ...ownEnvironment(entry.name, surroundings),
    },
    stopWithinMs: 5000,
    isReady: (port) => answersReady(port),
  };
}

function statefulEnvironment(service: string, surroundings: ServiceSurroundings): Record<string, string> {
  const role = roleOf(service);
  return {
    DATABASE_URL: surroundings.databaseUrlOf(role),
    DATABASE_SCHEMA: schemaOf(service),
    DATABASE_ROLE: role,
    NATS_URL: surroundings.natsUrl,
    NATS_NKEY_SEED_FILE: surroundings.seedFileOf(service),
    RACKWRIGHT_MASTER_KEY_FILE: surroundings.masterKeyFileOf(service),
  };
}

function ownEnvironment(service: string, surroundings: ServiceSurroundings): Record<string, string | undefined> {
  if (service === 'gateway') {
    const { firstPassword, gatewayPort, site } = surroundings;
    // The gateway only tells whether there is a simulator; it never speaks to it.
    return {
      GATEWAY_HOST: '127.0.0.1',
      GATEWAY_PORT: String(gatewayPort),
      BOOTSTRAP_ADMIN_PASSWORD: firstPassword,
      SIMULATOR_SITE: site,
    };
  }
  if (service === 'simulator') {
    return { SIMULATOR_SITE: surroundings.site, SIMULATOR_TIME_SCALE: String(surroundings.timeScale) };
  }
  return {};
}

async function answersReady(port: number | undefined): Promise<boolean> {
  if (port === undefined) return false;
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2000) });
  return answer.ok;
}
