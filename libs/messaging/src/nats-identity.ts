import { nkeys } from '@nats-io/nats-core';

/** A signing key of one NATS user. */
export interface NatsIdentity {
  /** Goes into the server's configuration (`U...`). */
  readonly publicKey: string;
  /** A secret (`SU...`), for a file with mode 0600 that only the service reads. */
  readonly seed: string;
}

/** Makes a new identity. */
export function createNatsIdentity(): NatsIdentity {
  const pair = nkeys.createUser();
  return { publicKey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) };
}
