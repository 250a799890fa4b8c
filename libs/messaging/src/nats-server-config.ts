import type { SubjectPermissions } from './permissions.js';

export interface NatsServerConfigOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  /** Folder of the JetStream store. */
  readonly storeDir: string;
  readonly users: readonly { readonly publicKey: string; readonly permissions: SubjectPermissions }[];
  /** Port of the monitoring pages on the same host; default none. */
  readonly monitorPort?: number;
  /** Room for streams on disk, default 2 GiB. */
  readonly storeBytesMax?: number;
}

/**
 * The configuration of a NATS server for Rackwright, as text (JSON, which its configuration language contains). Every
 * user is an nkey with allow-lists; there is no default user, so nobody gets in without a key.
 */
export function natsServerConfig(options: NatsServerConfigOptions): string {
  const { host = '127.0.0.1', port, storeDir, users, monitorPort, storeBytesMax = 2 * 1024 ** 3 } = options;
  const config = {
    host,
    port,
    ...(monitorPort === undefined ? {} : { http: `${host}:${monitorPort}` }),
    max_payload: 1024 * 1024,
    // An empty list would leave the door open: the server asks for keys only when there are some.
    authorization: {
      users: users.length > 0 ? users.map(userEntry) : [{ user: 'nobody', password: '', permissions: NOTHING }],
    },
    jetstream: { store_dir: storeDir, max_memory_store: 64 * 1024 ** 2, max_file_store: storeBytesMax },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

const NOTHING = { publish: { deny: ['>'] }, subscribe: { deny: ['>'] } };

function userEntry({ publicKey, permissions }: NatsServerConfigOptions['users'][number]) {
  return {
    nkey: publicKey,
    permissions: {
      publish: { allow: permissions.publish },
      subscribe: { allow: permissions.subscribe },
      // A receipt or an answer goes to whatever inbox the request named, once.
      allow_responses: { max: 1, expires: '2m' },
    },
  };
}
