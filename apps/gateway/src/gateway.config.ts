import { parseConfig, port, wholeNumber } from '@rackwright/service-host';
import { z } from 'zod';

const schema = z.object({
  GATEWAY_HOST: z.string().default('127.0.0.1'),
  GATEWAY_PORT: port.default(0),
  RACKWRIGHT_ADMIN_PASSWORD: z.string().min(8, 'must have at least 8 characters').max(500).optional(),
  BOOTSTRAP_ADMIN_PASSWORD: z.string().min(8, 'must have at least 8 characters').max(500).optional(),
  RACKWRIGHT_SESSION_HOURS: wholeNumber(1, 24 * 30).default(12),
  SIMULATOR_SITE: z.string().optional(),
});

/** What the gateway needs to know beside what every service does. */
export interface GatewayConfig {
  readonly host: string;
  /** 0 takes a free one; the log line `http-listening` tells which. */
  readonly port: number;
  /** For the first user, made only while there is none. */
  readonly adminPassword?: string | undefined;
  readonly sessionMs: number;
  /** True when the hardware behind this installation is simulated; shown by `/status`. */
  readonly isSimulated: boolean;
}

export function readGatewayConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): GatewayConfig {
  const read = parseConfig(schema, environment);
  return {
    host: read.GATEWAY_HOST,
    port: read.GATEWAY_PORT,
    adminPassword: read.RACKWRIGHT_ADMIN_PASSWORD ?? read.BOOTSTRAP_ADMIN_PASSWORD,
    sessionMs: read.RACKWRIGHT_SESSION_HOURS * 3_600_000,
    isSimulated: read.SIMULATOR_SITE !== undefined,
  };
}
