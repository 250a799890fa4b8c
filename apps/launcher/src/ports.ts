import { AppError } from '@rackwright/kernel';
import { createServer } from 'node:net';

const TRIES = 50;
const LOOPBACK = '127.0.0.1';

/** Opens and closes a port: the number it got, or undefined when it is taken. 0 asks for any free one. */
function probe(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(new AppError('launcher.port-refused', `port ${port} cannot be used: ${error.message}`));
    });
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}

/** A port that is free now; what uses it starts at once. */
export async function freePort(): Promise<number> {
  return (await probe(0)) as number;
}

/**
 * The wanted port, or the next free one after it.
 * @throws AppError `launcher.port-busy` when the user named the port and it is taken
 */
export async function choosePort(wanted: { readonly number: number; readonly explicit: boolean }): Promise<number> {
  for (let port = wanted.number; port < wanted.number + TRIES; port++) {
    const got = await probe(port);
    if (got !== undefined) return got;
    if (wanted.explicit) break;
  }
  const text = `port ${wanted.number} is in use by another program; stop it or choose another with --port`;
  throw new AppError('launcher.port-busy', text, { details: { port: wanted.number } });
}
