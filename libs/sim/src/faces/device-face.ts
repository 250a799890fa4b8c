import { SystemRandom, type Clock, type RandomSource } from '@rackwright/kernel';
import type { DeviceAccess, Endpoint, Face, FaceContext, FaultEffect } from '../face.js';

/** Where a started device face answers. */
export interface FaceAddress {
  readonly host: string;
  readonly port: number;
  /** `https://127.0.0.1:40123`; `ssl:127.0.0.1:…` or `tcp:127.0.0.1:…` for OVSDB. */
  readonly url: string;
}

/** One simulated device on one real socket. `stop` ends every connection and is repeat-safe. */
export interface DeviceFace {
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

/** Asked once per request, before anything is done with it; whoever answers counts the effect as fired. */
export type FaultFor = (request: ObservedRequest) => FaultEffect | undefined;

/** PEM texts of a server certificate. */
export interface FaceTls {
  readonly cert: string;
  readonly key: string;
}

/** What every device face takes. Without `tls` it speaks in the clear. */
export interface DeviceFaceOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly user?: string;
  readonly password?: string;
  readonly tls?: FaceTls;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly faultFor?: FaultFor;
}

export type SimulatedKind = Exclude<Endpoint['kind'], 'control'>;

export interface DeviceGroup {
  readonly name: string;
  readonly kind: SimulatedKind;
  /** Names of the devices, one face each. */
  readonly devices: readonly string[];
  /** False for protocols that have no credentials (OVSDB). */
  readonly hasCredential: boolean;
  make(device: string, options: DeviceFaceOptions): DeviceFace;
}

/** All devices of one kind as one face of the simulator: addresses, secrets and certificates come from the access book. */
export class DeviceGroupFace implements Face {
  readonly name: string;
  private readonly running = new Map<string, { face: DeviceFace; endpoint: Endpoint }>();

  constructor(
    private readonly context: FaceContext,
    private readonly group: DeviceGroup,
  ) {
    this.name = group.name;
  }

  async start(): Promise<readonly Endpoint[]> {
    for (const device of this.group.devices) if (!this.running.has(device)) await this.startDevice(device);
    return [...this.running.values()].map(({ endpoint }) => endpoint);
  }

  async stop(): Promise<void> {
    const faces = [...this.running.values()].map(({ face }) => face);
    this.running.clear();
    await Promise.all(faces.map((face) => face.stop()));
  }

  /** The face of one device while it runs; for tests. */
  faceOf(device: string): DeviceFace | undefined {
    return this.running.get(device)?.face;
  }

  private async startDevice(device: string): Promise<void> {
    const { context, group } = this;
    const access = context.access(group.kind, device);
    const face = group.make(device, deviceOptions(context, access));
    const { host, port, url } = await face.start();
    context.bound(group.kind, device, port);
    const { caPem, fingerprintSha256 } = access.tls;
    const endpoint: Endpoint = {
      kind: group.kind,
      device,
      url,
      host,
      port,
      ...(group.hasCredential ? { credential: access.credential } : {}),
      tls: { caPem, fingerprintSha256 },
    };
    this.running.set(device, { face, endpoint });
  }
}

function deviceOptions(context: FaceContext, access: DeviceAccess): DeviceFaceOptions {
  return {
    clock: context.world.core.clock,
    // Session keys come from real randomness: who logs in must not change what the seeded world does next.
    random: new SystemRandom(),
    user: access.credential.username,
    password: access.credential.password,
    tls: { cert: access.tls.certPem, key: access.tls.keyPem },
    host: access.host,
    port: access.port,
    faultFor: (request) => context.faults.next(request),
  };
}
