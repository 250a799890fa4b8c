import type {
  Evidence,
  Guard,
  inventory,
  network,
  PortIdentityMessage,
  ResultOf,
  SagaPort,
  SagaServer,
  ServerIdentityMessage,
  storageIdentity,
} from '@rackwright/contracts';

/** What the first step of every association saga learns. */
export type Begun = ResultOf<typeof inventory.beginAssociation>;
export type ResolvedVnics = ResultOf<typeof network.resolveVnics>['vnics'];
export type ResolvedStorage = ResultOf<typeof storageIdentity.resolveInitiators>['storage'];

type CabledPort = SagaPort & { readonly device: string; readonly devicePort: string };

function cabled(server: SagaServer, kind: SagaPort['kind']): CabledPort[] {
  return server.ports.filter(
    (port): port is CabledPort => port.kind === kind && port.device !== undefined && port.devicePort !== undefined,
  );
}

/** All switch ports of a server, as a cut closes them: every one, not just those that carry something. */
export function lanPorts(server: SagaServer): { device: string; port: string }[] {
  return cabled(server, 'ethernet').map(({ device, devicePort }) => ({ device, port: devicePort }));
}

/** All Fibre Channel ports of a server. */
export function sanPorts(server: SagaServer): { device: string; port: string }[] {
  return cabled(server, 'fibre-channel').map(({ device, devicePort }) => ({ device, port: devicePort }));
}

/** The switch ports that carry vNICs, with exactly their VLANs. */
export function openLanPorts(
  server: SagaServer,
  vnics: ResolvedVnics,
): { device: string; port: string; nativeVlan?: number; taggedVlans: number[] }[] {
  return cabled(server, 'ethernet').flatMap(({ device, devicePort, carries }) => {
    const vnic = vnics.find((candidate) => candidate.name === carries);
    if (!vnic) return [];
    return [
      {
        device,
        port: devicePort,
        taggedVlans: vnic.taggedVlans,
        ...(vnic.nativeVlan !== undefined && { nativeVlan: vnic.nativeVlan }),
      },
    ];
  });
}

/** The Fibre Channel ports that carry vHBAs. */
export function openSanPorts(server: SagaServer): { device: string; port: string; vhba: string }[] {
  return cabled(server, 'fibre-channel').flatMap(({ device, devicePort, carries }) =>
    carries === undefined ? [] : [{ device, port: devicePort, vhba: carries }],
  );
}

/** What the adapters of a server are to show: each vNIC's MAC and each vHBA's names, on the port it lands on. */
export function identityOn(
  server: SagaServer,
  profile: {
    readonly uuid: ServerIdentityMessage['uuid'];
    readonly vnics: ResolvedVnics;
    readonly storage: ResolvedStorage;
  },
): ServerIdentityMessage {
  const ports = server.ports.flatMap((port): PortIdentityMessage[] => {
    const vnic = profile.vnics.find((candidate) => port.kind === 'ethernet' && candidate.name === port.carries);
    const vhba = profile.storage.vhbas.find(
      (candidate) => port.kind === 'fibre-channel' && candidate.name === port.carries,
    );
    if (vhba)
      return [
        {
          port: port.name,
          wwpn: vhba.wwpn,
          wwnn: vhba.wwnn,
          ...(vhba.bootTargets.length > 0 && { bootTargets: vhba.bootTargets }),
        },
      ];
    if (!vnic) return [];
    const iscsi = profile.storage.iscsi?.vnic === vnic.name ? profile.storage.iscsi : undefined;
    return [
      {
        port: port.name,
        mac: vnic.mac,
        ...(iscsi && {
          iscsi: initiatorOn(vnic, iscsi),
          ...(iscsi.bootTargets.length > 0 && { bootTargets: iscsi.bootTargets }),
        }),
      },
    ];
  });
  return { ...(profile.uuid !== undefined && { uuid: profile.uuid }), ports };
}

function initiatorOn(
  vnic: ResolvedVnics[number],
  iscsi: NonNullable<ResolvedStorage['iscsi']>,
): NonNullable<PortIdentityMessage['iscsi']> {
  const address = vnic.address ?? iscsi.address;
  return {
    initiator: iscsi.initiator,
    ...(address !== undefined && { address }),
    ...(vnic.gateway !== undefined && { gateway: vnic.gateway }),
  };
}

/** Where a profile boots from: its LUN when it has a boot volume, else whatever disk the machine has. */
export function bootOf(storage: ResolvedStorage): 'san' | 'disk' {
  return storage.volumes.some((volume) => volume.boot) ? 'san' : 'disk';
}

/** The source and every other machine that may still carry the identity: all of them are fenced before it moves. */
export function holdersOf(begun: Begun): SagaServer[] {
  return [...(begun.source ? [begun.source] : []), ...begun.formerHolders];
}

/** Throws when a saga was begun without the server it needs: inventory promises it, the type cannot. */
export function targetOf(begun: Begun): SagaServer {
  return required(begun.target, 'target server');
}

export function sourceOf(begun: Begun): SagaServer {
  return required(begun.source, 'source server');
}

export function profileOf(begun: Begun): NonNullable<Begun['profile']> {
  return required(begun.profile, 'profile');
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`inventory began this saga without a ${what}`);
  return value;
}

/** The saga's own epoch: it rises with every raise, so that messages from before it are told apart. */
export function epochOf(result: { readonly guards: readonly Guard[] }): number {
  return Math.max(...result.guards.map((guard) => guard.epoch));
}

/** Evidence of steps by name, as far as they ran. */
export function evidenceOf(
  ...results: readonly ({ readonly evidence: readonly Evidence[] } | undefined)[]
): Evidence[] {
  return results.flatMap((result) => result?.evidence ?? []);
}

/** What every power command says about its server. */
export function onServer(
  server: SagaServer,
  guards: readonly Guard[],
): { serverId: SagaServer['id']; boardSerial: string; guards: Guard[] } {
  return { serverId: server.id, boardSerial: server.boardSerial, guards: [...guards] };
}

/** Key of a server in a fan-out. */
export const serverKey = (server: SagaServer): string => server.id;
