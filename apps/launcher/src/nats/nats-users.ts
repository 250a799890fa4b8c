import { nkeys } from '@nats-io/nats-core';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Secrets } from '../data-folder/secrets.js';

/** A user of the message server: the server knows the public half, the service signs with the seed in its file. */
export interface NatsUser {
  readonly service: string;
  readonly publicKey: string;
  readonly seedFile: string;
}

/** One user for each service, the same on every start; each seed in a file of its own that only its owner reads. */
export function natsUsers(services: readonly string[], secrets: Secrets, folder: string): NatsUser[] {
  const seeds = join(folder, 'seeds');
  mkdirSync(seeds, { recursive: true, mode: 0o700 });
  return services.map((service) => {
    const seed = secrets.getOrMake(`nkey/${service}`, () => new TextDecoder().decode(nkeys.createUser().getSeed()));
    const seedFile = join(seeds, `${service}.nk`);
    writeFileSync(seedFile, seed, { mode: 0o600 });
    return { service, publicKey: nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey(), seedFile };
  });
}
