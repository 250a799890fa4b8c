import { z } from 'zod';
import { parseConfig, port, urlOf, wholeNumber } from './parse-config.js';

const schema = z.object({
  DATABASE_URL: urlOf('postgres', 'postgresql'),
  DATABASE_ROLE: z.string().optional(),
  DATABASE_SCHEMA: z.string().optional(),
  DATABASE_POOL_MAX: wholeNumber(1, 1_000).default(10),
  NATS_URL: z
    .string()
    .refine(
      (text) => text.split(',').every((one) => /^(nats|tls):\/\/[^\s/]+$/.test(one.trim())),
      'must be one or more nats:// or tls:// addresses, separated by commas',
    ),
  NATS_NKEY_SEED_FILE: z.string(),
  NATS_CA_FILE: z.string().optional(),
  HEALTH_HOST: z.string().default('127.0.0.1'),
  HEALTH_PORT: port.default(0),
  RACKWRIGHT_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

/** What a service needs to know of its surroundings. */
export interface ServiceConfig {
  readonly database: {
    readonly url: string;
    readonly role?: string | undefined;
    /** Default: the service's name. */
    readonly schema?: string | undefined;
    readonly poolMax: number;
  };
  readonly nats: { readonly url: string; readonly seedFile: string; readonly caFile?: string | undefined };
  /** Port 0 takes a free one; the log line `listening` tells which. */
  readonly health: { readonly host: string; readonly port: number };
  readonly logLevel: string;
}

/** Reads the configuration of a service from the environment; throws `config.invalid` naming every wrong variable. */
export function readServiceConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ServiceConfig {
  const read = parseConfig(schema, environment);
  return {
    database: {
      url: read.DATABASE_URL,
      role: read.DATABASE_ROLE,
      schema: read.DATABASE_SCHEMA,
      poolMax: read.DATABASE_POOL_MAX,
    },
    nats: { url: read.NATS_URL, seedFile: read.NATS_NKEY_SEED_FILE, caFile: read.NATS_CA_FILE },
    health: { host: read.HEALTH_HOST, port: read.HEALTH_PORT },
    logLevel: read.RACKWRIGHT_LOG_LEVEL,
  };
}
