import { createServer } from 'node:http';

/** What the management network answers to `GET /boot/<board serial>`; undefined = nothing for this machine. */
export type BootScriptSource = (boardSerial: string) => Promise<string | undefined>;

export interface BootRequest {
  readonly boardSerial: string;
  readonly served: boolean;
}

/**
 * The only thing a server finds on its management network. It asks the source (the product's boot-script endpoint, or a
 * store of the driver) afresh for every request and writes down who asked.
 */
export class BootRelay {
  readonly requests: BootRequest[] = [];
  /** Answers of the operator instead of the source's: a script, or `undefined` as if nobody managed the machine. */
  readonly overrides = new Map<string, string | undefined>();
  private source: BootScriptSource = () => Promise.resolve(undefined);
  private readonly server = createServer((request, response) => {
    const boardSerial = decodeURIComponent(/^\/boot\/([^/?]+)$/.exec(request.url ?? '')?.[1] ?? '');
    const answer = (status: number, text: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(text);
    };
    const overridden = this.overrides.has(boardSerial);
    const script = overridden ? Promise.resolve(this.overrides.get(boardSerial)) : this.source(boardSerial);
    script.then(
      (text) => {
        this.requests.push({ boardSerial, served: text !== undefined });
        answer(text === undefined ? 404 : 200, text ?? 'nothing for this machine\n');
      },
      (error: unknown) => answer(502, String(error)),
    );
  });

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** What a machine would be told now. */
  script(boardSerial: string): Promise<string | undefined> {
    return this.source(boardSerial);
  }

  serve(source: BootScriptSource): void {
    this.source = source;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
