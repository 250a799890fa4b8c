import type { PortIdentity } from '@rackwright/driver-core';
import type { AdapterFunction } from '../facts/adapter-function.js';
import type { Resource } from '../protocol/redfish-client.js';
import type { JsonObject } from '../transport/safe-json.js';
import type { IdentityPart } from './identity-shape.js';

/** How one kind of adapter holds identities: where they are written, how they read, how they are asked for. */
export interface IdentityCodec {
  readonly via: 'standard' | 'dell-oem';
  /** The resource that is read for current values and names the settings object. */
  active(adapter: AdapterFunction): Resource | undefined;
  /** The identity a function shows, with what waits in `settings` laid over it when given. */
  read(adapter: AdapterFunction, settings?: Resource): PortIdentity;
  /** The body that makes these parts of a function as wanted. */
  body(adapter: AdapterFunction, want: PortIdentity, parts: readonly IdentityPart[]): JsonObject;
}
