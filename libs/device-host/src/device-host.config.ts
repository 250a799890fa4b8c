import { parseConfig, wholeNumber } from '@rackwright/service-host';
import { z } from 'zod';

const schema = z.object({
  RACKWRIGHT_MASTER_KEY_FILE: z.string(),
  RACKWRIGHT_IDENTITY_REST_HOURS: wholeNumber(0, 24 * 365).default(72),
  RACKWRIGHT_DEVICE_POLL_SECONDS: wholeNumber(1, 86_400).default(60),
});

/** What every service that owns devices needs to know. */
export interface DeviceHostConfig {
  /** 64 hex digits in a file that only the service may read. */
  readonly masterKeyFile: string;
  /** How long a released identity is given to nobody else. */
  readonly identityRestMs: number;
  /** How often each device is read when nothing happens. */
  readonly pollEveryMs: number;
}

export function readDeviceHostConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): DeviceHostConfig {
  const read = parseConfig(schema, environment);
  return {
    masterKeyFile: read.RACKWRIGHT_MASTER_KEY_FILE,
    identityRestMs: read.RACKWRIGHT_IDENTITY_REST_HOURS * 3_600_000,
    pollEveryMs: read.RACKWRIGHT_DEVICE_POLL_SECONDS * 1_000,
  };
}
