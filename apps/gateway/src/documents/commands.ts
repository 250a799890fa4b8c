import {
  inventory,
  network,
  networkSealingKey,
  power,
  powerSealingKey,
  profileDefinition,
  storageIdentity as storage,
  storageSealingKey,
  type CommandDefinition,
  type ProfileDefinition,
} from '@rackwright/contracts';
import type { Kind, RackDocument } from '@rackwright/documents';

export type PutKind = Exclude<Kind, 'ServerProfile'>;

/** The command that puts a document of each kind into effect. */
export const PUT_COMMANDS: Readonly<Record<PutKind, CommandDefinition>> = {
  Site: inventory.putSite,
  ServerPool: inventory.putServerPool,
  Network: network.putNetwork,
  NetworkSet: network.putNetworkSet,
  MacPool: network.putMacPool,
  WwnPool: storage.putWwnPool,
  IqnPool: storage.putIqnPool,
  Switch: network.putSwitch,
  Fabric: storage.putFabric,
  Array: storage.putArray,
  Volume: storage.putVolume,
  Server: inventory.putServer,
  Bmc: power.putBmc,
};

/** Whose key a device's credential is sealed to. */
export const SEALING_KEYS = {
  Switch: networkSealingKey,
  Fabric: storageSealingKey,
  Array: storageSealingKey,
  Bmc: powerSealingKey,
} as const;

/** The input of a put command; `sealed` stands in for the credential. */
export function putInput(document: RackDocument, sealed: string | undefined): Record<string, unknown> {
  const { credential: _credential, ...spec } = document.spec as unknown as Record<string, unknown>;
  return { ...document.metadata, ...spec, ...(sealed !== undefined && { credential: sealed }) };
}

/** A profile document in the words of the contract. */
export function definitionOf(document: Extract<RackDocument, { kind: 'ServerProfile' }>): ProfileDefinition {
  return profileDefinition.parse({ ...document.metadata, ...document.spec });
}
