import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface TcpProxyOptions {
  readonly targetPort: number;
  readonly targetHost?: string;
}

/** One connection through the proxy. */
export interface ProxyLink {
  /** Breaks both sides at once, as a pulled cable does once it is noticed. */
  cut(): void;
  /** From now on what the server says goes nowhere, and the link breaks at its first word: it did it, nobody hears of it. */
  loseAnswer(): void;
}

type ClientListener = (data: Buffer, link: ProxyLink) => void;

/**
 * A TCP proxy on 127.0.0.1 that breaks links on purpose, for the faults no server offers by itself. Counts what it did,
 * so that a test can show that its fault really fired.
 */
export class TcpProxy {
  /** How many links were cut and how many answers were lost. */
  readonly fired = { cuts: 0, lostAnswers: 0 };
  private readonly sockets = new Set<Socket>();
  private readonly listeners = new Set<ClientListener>();
  private refusing = false;

  private constructor(
    private readonly server: Server,
    private readonly options: TcpProxyOptions,
  ) {
    server.on('connection', (client) => this.join(client));
  }

  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(createServer(), options);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Sees every piece a client sends, before it goes on to the server. Returns how to stop listening. */
  onClientData(listener: ClientListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Breaks all links; new ones still come through. */
  cutAll(): void {
    this.fired.cuts += 1;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Breaks all links and refuses new ones until {@link restore}. */
  block(): void {
    this.refusing = true;
    this.cutAll();
  }

  restore(): void {
    this.refusing = false;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    if (this.refusing) return void client.destroy();
    const upstream = connect({ port: this.options.targetPort, host: this.options.targetHost ?? '127.0.0.1' });
    let deaf = false;
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    const link: ProxyLink = {
      cut: () => {
        this.fired.cuts += 1;
        cut();
      },
      loseAnswer: () => void (deaf = true),
    };
    client.on('data', (data: Buffer) => {
      for (const listener of this.listeners) listener(data, link);
      upstream.write(data);
    });
    upstream.on('data', (data: Buffer) => {
      if (!deaf) return void client.write(data);
      this.fired.lostAnswers += 1;
      cut();
    });
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', cut);
      socket.on('close', () => {
        this.sockets.delete(socket);
        cut();
      });
    }
  }
}
