import type { ServiceName } from '@rackwright/contracts';
import { messagesOf, subjectPermissions } from '@rackwright/messaging';
import { join } from 'node:path';
import type { NatsUser } from './nats-users.js';

export interface NatsConfigurationOptions {
  readonly port: number;
  readonly folder: string;
  readonly users: readonly NatsUser[];
}

/** The configuration of the embedded server: loopback only, nobody without a key, every key with its own subjects. */
export function natsConfiguration({ port, folder, users }: NatsConfigurationOptions): string {
  const authorization = users.map(({ service, publicKey }) => ({
    nkey: publicKey,
    permissions: permissionsOf(service as ServiceName),
  }));
  // The server reads JSON as its own format.
  return JSON.stringify(
    {
      server_name: 'rackwright',
      listen: `127.0.0.1:${port}`,
      jetstream: { store_dir: join(folder, 'store') },
      authorization: { users: authorization },
    },
    undefined,
    2,
  );
}

function permissionsOf(service: ServiceName): Record<string, unknown> {
  const { publish, subscribe } = subjectPermissions(messagesOf(service));
  // Answers go where the asker said, once for each request that was received.
  return { publish: { allow: publish }, subscribe: { allow: subscribe }, allow_responses: { max: 1, expires: '2m' } };
}
