import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project this runs in; a bundled program is told where it is. */
export function projectRoot(): string {
  return process.env['RACKWRIGHT_PROJECT_ROOT'] ?? resolve(fileURLToPath(import.meta.url), '../../../..');
}

/** Where the user stood when he called npm. */
export function callerFolder(): string {
  return process.env['INIT_CWD'] ?? process.cwd();
}

/** For a launcher of its own: everything embedded, whatever this shell is set up for. */
export function launcherEnvironment(adminPassword: string, scale: number): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, NATS_URL: _nats, INIT_CWD: _from, ...rest } = process.env;
  return {
    ...rest,
    RACKWRIGHT_PROJECT_ROOT: projectRoot(),
    BOOTSTRAP_ADMIN_PASSWORD: adminPassword,
    // Waits for hardware that lives faster: 3 s and 10 s as anywhere, but never so short that load would matter.
    POWER_OFF_DWELL_MS: String(Math.max(500, Math.round(3_000 / scale))),
    POWER_BOOT_SETTLE_MS: String(Math.max(1_000, Math.round(10_000 / scale))),
  };
}
