import { readDeviceHostConfig, type DeviceHostConfig } from '@rackwright/device-host';
import { parseConfig, wholeNumber } from '@rackwright/service-host';
import { z } from 'zod';

const schema = z.object({
  POWER_OFF_DWELL_MS: wholeNumber(0, 600_000).default(3_000),
  POWER_BOOT_SETTLE_MS: wholeNumber(0, 3_600_000).default(10_000),
  RACKWRIGHT_BOOT_SCRIPT_LISTEN: z
    .string()
    .regex(/^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]|[a-zA-Z0-9.-]+):\d{1,5}$/, 'must be host:port')
    .optional(),
});

export interface PowerConfig extends DeviceHostConfig {
  /** Two readings that prove a server off are at least this far apart. */
  readonly offDwellMs: number;
  /** How long a server must be on with its identity where its BMC tells nothing about the boot. */
  readonly bootSettleMs: number;
  /** Where boot scripts are served; undefined: nowhere. Port 0 takes a free one. */
  readonly bootScriptListen?: { readonly host: string; readonly port: number } | undefined;
}

export function readPowerConfig(environment: Readonly<Record<string, string | undefined>> = process.env): PowerConfig {
  const read = parseConfig(schema, environment);
  const listen = read.RACKWRIGHT_BOOT_SCRIPT_LISTEN;
  const colon = listen?.lastIndexOf(':') ?? -1;
  return {
    ...readDeviceHostConfig(environment),
    offDwellMs: read.POWER_OFF_DWELL_MS,
    bootSettleMs: read.POWER_BOOT_SETTLE_MS,
    ...(listen !== undefined && {
      bootScriptListen: { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) },
    }),
  };
}
