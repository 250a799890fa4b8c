import type { World } from './world/index.js';

/** Where one simulated device can be reached, as an operator would note it down. */
export interface Endpoint {
  readonly kind: 'bmc' | 'switch' | 'fabric' | 'array' | 'control';
  /** Name of the device in the world (for a fabric: of its Fibre Channel switch). */
  readonly device: string;
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly credential?: { readonly username: string; readonly password: string };
  readonly tls?: { readonly caPem: string; readonly fingerprintSha256: string };
}

/** A face speaks one real protocol over sockets on top of the world. */
export interface Face {
  readonly name: string;
  /** Listens on every address of this face; repeat-safe. */
  start(): Promise<readonly Endpoint[]>;
  /** Closes all sockets; the world goes on. Repeat-safe. */
  stop(): Promise<void>;
}

/** An answer of the fault book for one request: what to do to it. */
export type FaultEffect =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly contentType?: string;
      readonly retryAfterS?: number;
    }
  | { readonly kind: 'lose-response' }
  | { readonly kind: 'lose-request' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'truncate' }
  | { readonly kind: 'accept-and-ignore' }
  /** Redfish: of a PATCH only the first property is taken, and success is told. */
  | { readonly kind: 'half-apply' }
  /** Zoning: another administrator holds the transaction. */
  | { readonly kind: 'lock-held'; readonly by?: string }
  /** Zoning: somebody else committed a moment ago. */
  | { readonly kind: 'checksum-conflict' }
  /** Zoning: saved, but not enabled. Switch: the data plane applies only some of the ports. */
  | { readonly kind: 'commit-half-way' };

/** What a face asks the fault book before it serves a request. */
export interface FaultBook {
  /** The effect for this request, if one is due; counts it as fired. */
  next(request: { readonly device: string; readonly verb: string; readonly path: string }): FaultEffect | undefined;
}

/** A name and secret to reach one device with, and its certificate: made once per site, kept with the world. */
export interface DeviceAccess {
  readonly host: string;
  /** 0 = the system picks one (tests); kept afterwards when the world is kept. */
  readonly port: number;
  readonly credential: { readonly username: string; readonly password: string };
  readonly tls: {
    readonly certPem: string;
    readonly keyPem: string;
    readonly caPem: string;
    readonly fingerprintSha256: string;
  };
}

/** What every face is built from. Each face names its devices; the access book hands out addresses and certificates. */
export interface FaceContext {
  readonly world: World;
  readonly faults: FaultBook;
  /** Address, credential and certificate of a device; the same for ever. */
  access(kind: Endpoint['kind'], device: string): DeviceAccess;
  /** Tells the port that was really bound, so that it stays. */
  bound(kind: Endpoint['kind'], device: string, port: number): void;
}

/** Makes a face; registered by name in `faces/registry.ts`. */
export type FaceFactory = (context: FaceContext) => Face;
