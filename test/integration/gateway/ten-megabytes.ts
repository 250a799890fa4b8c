import { request as httpRequest } from 'node:http';

export interface TenMegabytesAnswer {
  readonly status: number | undefined;
  /** How much was taken before the answer came. */
  readonly sentBytes: number;
  readonly body: string;
}

/** Sends documents of 10 MB to be applied: announced by their length, or in chunks. `url` is that of the gateway. */
export function sendTenMegabytes(url: string, token: string, isChunked: boolean): Promise<TenMegabytesAnswer> {
  return new Promise((resolve, reject) => {
    const total = 10 * 1024 * 1024;
    let sentBytes = 0;
    const outgoing = httpRequest(
      `${url}/api/v1/documents/apply`,
      {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/yaml',
          ...(isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': total }),
        },
      },
      (response) => {
        const sent = sentBytes;
        let body = '';
        response.on('data', (data: Buffer) => (body += data.toString()));
        response.on('end', () => {
          outgoing.destroy();
          resolve({ status: response.statusCode, sentBytes: sent, body });
        });
      },
    );
    outgoing.on('error', reject);
    const chunk = Buffer.alloc(64 * 1024, 'a');
    const push = (): void => {
      if (sentBytes >= total || outgoing.destroyed) return;
      sentBytes += chunk.length;
      outgoing.write(chunk, () => setImmediate(push));
    };
    push();
  });
}
