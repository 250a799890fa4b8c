import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { ProcessSpec } from '../supervisor/process-spec.js';

export interface EmbeddedNatsOptions {
  readonly binary: string;
  readonly folder: string;
  readonly port: number;
  /** The server's whole configuration, users and their allow-lists included. */
  readonly configuration: string;
}

/** One private nats-server with its event store in the data folder. */
export function embeddedNatsSpec({ binary, folder, port, configuration }: EmbeddedNatsOptions): ProcessSpec {
  const file = join(folder, 'nats-server.conf');
  writeFileSync(file, configuration, { mode: 0o600 });
  return {
    name: 'nats',
    command: binary,
    args: ['-c', file],
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
    stopWithinMs: 5000,
    isReady: () => greets(port),
  };
}

/** True when a NATS server greets on the port: the protocol begins with the server's INFO line. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (chunk) => end(chunk.toString('latin1').startsWith('INFO ')));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
