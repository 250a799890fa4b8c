import type { Clock, RandomSource } from '@rackwright/kernel';

/** Where a started face answers. */
export interface FaceAddress {
  readonly host: string;
  readonly port: number;
  /** `https://127.0.0.1:40123`, `ssl:127.0.0.1:…` or `tcp:127.0.0.1:…` for OVSDB. */
  readonly url: string;
}

/** One simulated device on a real socket. Starting twice or stopping twice is an error of the caller; stop ends every connection. */
export interface Face {
  start(): Promise<FaceAddress>;
  stop(): Promise<void>;
}

/** What a fault rule is matched against: one request as the device received it. */
export interface ObservedRequest {
  readonly device: string;
  /** HTTP method, or the JSON-RPC method of OVSDB. */
  readonly verb: string;
  readonly path: string;
  readonly body: unknown;
}

/**
 * What goes wrong with one request. The transport effects work on every face; the last three are zoning and data-plane
 * effects, which a face reports as fired only when the request reached the place where they bite.
 */
export type FaceFault =
  | { readonly kind: 'status'; readonly status: 500 | 503; readonly message?: string }
  /** Applied, then the connection dies: the client cannot tell it from `lose-request`. */
  | { readonly kind: 'lose-response' }
  | { readonly kind: 'lose-request' }
  | { readonly kind: 'delay'; readonly durationMs: number }
  | { readonly kind: 'close-connection' }
  | { readonly kind: 'lock-held'; readonly by?: string }
  | { readonly kind: 'checksum-conflict' }
  | { readonly kind: 'commit-half-way' };

/** A fault planned for a request; `fired` is called when it took effect, so that a test can assert it did. */
export interface PlannedFault {
  readonly effect: FaceFault;
  fired(): void;
}

/** Asked once per request, before anything is done with it. */
export type FaultFor = (request: ObservedRequest) => PlannedFault | undefined;

/** PEM texts of a server certificate. */
export interface FaceTls {
  readonly cert: string;
  readonly key: string;
}

/** What every face takes. Without `tls` it speaks in the clear. */
export interface FaceOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly tls?: FaceTls;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly faultFor?: FaultFor;
}
