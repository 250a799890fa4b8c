import type { DeviceCall, ReadResult } from './device-result.js';

/** Who answered: read on every new connection and compared with what the caller expects (safety rule 1). */
export interface DeviceIdentity {
  readonly vendor?: string;
  readonly model?: string;
  readonly firmware?: string;
  /** Board or chassis serial: the one fact a server profile does not rewrite. Undefined where the protocol gives none. */
  readonly serial?: string;
}

/** How to reach a device and how to know it again. */
export interface DeviceEndpoint {
  /** `host`, `host:port` or a URL, as the driver's README says. */
  readonly address: string;
  readonly credential?: Credential;
  readonly trust?: TlsTrust;
}

export interface Credential {
  readonly username: string;
  readonly password: string;
}

/**
 * How the device's certificate is trusted: by a CA, or by the SHA-256 fingerprint seen at first contact.
 * `first-use` takes any certificate once and reports its fingerprint; credentials are sent only after it was pinned.
 */
export type TlsTrust =
  | { readonly kind: 'ca'; readonly caPem: string; readonly serverName?: string }
  | { readonly kind: 'pin'; readonly sha256: string }
  | { readonly kind: 'first-use'; readonly onFirstUse: (sha256: string) => void };

/** What every driver can do besides its ports. */
export interface DeviceConnection {
  identify(call: DeviceCall): Promise<ReadResult<DeviceIdentity>>;
  /** Ends sessions on the device and closes sockets. Repeat-safe. */
  close(): Promise<void>;
}
