import { z } from 'zod';
import {
  architecture,
  device,
  deviceWord,
  ipv4,
  ipv4MaybePrefix,
  iqn,
  isHostIn,
  localPrefix,
  lunId,
  mac,
  objectName,
  subnet,
  uuid,
  vlanId,
  wwn,
} from './fields.schema.js';

export const API_VERSION = 'rackwright/v1';

const description = z.string().max(1000).default('');
const qualification = z.strictObject({
  architecture: architecture.optional(),
  coresMin: z.int().min(1).optional(),
  memoryGiBMin: z.number().min(1).optional(),
  model: z.string().max(200).optional(),
});

const network = z
  .strictObject({ vlan: vlanId, subnet: subnet.optional(), gateway: ipv4.optional(), description })
  .superRefine((spec, context) => {
    if (spec.gateway === undefined || (spec.subnet !== undefined && isHostIn(spec.subnet, spec.gateway))) return;
    const message = `the gateway ${spec.gateway} is not a host address of ${spec.subnet ?? 'any subnet'}`;
    context.addIssue({ code: 'custom', path: ['gateway'], message, params: { code: 'invalid-subnet' } });
  });

const server = z.strictObject({
  boardSerial: z.string().min(1).max(200),
  bmc: objectName.optional(),
  site: objectName.optional(),
  rack: objectName.optional(),
  position: z.string().max(60).optional(),
  chassis: z.string().max(100).optional(),
  powerFeeds: z.array(z.string().max(60)).max(8).default([]),
  pool: objectName.optional(),
  architecture: architecture.optional(),
  cabling: z
    .array(z.strictObject({ port: deviceWord, device: objectName, devicePort: deviceWord }))
    .max(64)
    .default([]),
});

const vnic = z.strictObject({
  name: objectName,
  native: objectName.optional(),
  tagged: z.array(objectName).max(64).default([]),
  networkSet: objectName.optional(),
  mac: mac.optional(),
  address: ipv4MaybePrefix.optional(),
});
const profile = z.strictObject({
  description,
  uuid: uuid.optional(),
  qualification: qualification.extend({ pool: objectName.optional() }).default({}),
  vnics: z.array(vnic).max(16).default([]),
  vhbas: z
    .array(z.strictObject({ name: objectName, fabric: objectName, wwpn: wwn.optional(), wwnn: wwn.optional() }))
    .max(8)
    .default([]),
  iscsi: z
    .strictObject({ vnic: objectName, initiator: iqn.optional(), address: ipv4MaybePrefix.optional() })
    .optional(),
  volumes: z
    .array(z.strictObject({ volume: objectName, lun: lunId, boot: z.boolean().default(false) }))
    .max(64)
    .default([]),
});

/** What a document of each kind may say in `spec`. The fields are those of the put commands. */
export const SPEC_SCHEMAS = {
  Site: z.strictObject({
    description,
    racks: z
      .array(z.strictObject({ name: objectName, units: z.int().min(1).max(60).default(42) }))
      .max(1000)
      .default([]),
  }),
  ServerPool: z.strictObject({ description, qualification: qualification.default({}) }),
  Network: network,
  NetworkSet: z.strictObject({ networks: z.array(objectName).min(1).max(64) }),
  MacPool: z.strictObject({ prefix: localPrefix.optional() }),
  WwnPool: z.strictObject({ prefix: localPrefix.optional() }),
  IqnPool: z.strictObject({ prefix: iqn }),
  Switch: z.strictObject({
    driver: z.enum(['ovsdb']),
    ...device,
    parkingVlan: vlanId.default(4094),
    site: objectName.optional(),
  }),
  Fabric: z.strictObject({ driver: z.enum(['brocade-fos']), ...device, site: objectName.optional() }),
  Array: z.strictObject({
    driver: z.enum(['dell-powerstore', 'tgt']),
    ...device,
    site: objectName.optional(),
    options: z.record(z.string().max(60), z.string().max(500)).default({}),
  }),
  Volume: z.strictObject({
    array: objectName,
    arrayVolume: z.string().min(1).max(200),
    shared: z.boolean().default(false),
  }),
  Server: server,
  Bmc: z.strictObject({
    driver: z.enum(['redfish', 'ipmi', 'ipmi+ipxe']),
    ...device,
    system: z.string().max(300).optional(),
    options: z.record(z.string().max(60), z.string().max(500)).default({}),
  }),
  ServerProfile: profile,
} as const;

export type Kind = keyof typeof SPEC_SCHEMAS;

/**
 * All kinds, each after those it may refer to. Servers come before BMCs, so that the machine a new BMC tells of is
 * expected by then; what is referred to by cabling comes before servers.
 */
export const KINDS = Object.keys(SPEC_SCHEMAS) as readonly Kind[];

/** Kinds that belong to a group. */
const GROUPED: readonly Kind[] = ['Network', 'Volume', 'ServerProfile'];

export function isGrouped(kind: Kind): boolean {
  return GROUPED.includes(kind);
}

export type SpecOf<K extends Kind> = z.output<(typeof SPEC_SCHEMAS)[K]>;

/** One document: what somebody wants to be. */
export interface DocumentOf<K extends Kind> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: K;
  readonly metadata: { readonly name: string; readonly group?: string };
  readonly spec: SpecOf<K>;
}
/** A document of any kind; `kind` tells which. */
export type RackDocument = { [K in Kind]: DocumentOf<K> }[Kind];

/** The schema of a whole document of one kind. */
export function documentSchema<K extends Kind>(kind: K) {
  const spec = SPEC_SCHEMAS[kind];
  const metadata = isGrouped(kind)
    ? z.strictObject({ name: objectName, group: objectName.default('default') })
    : z.strictObject({ name: objectName });
  return z.strictObject({ apiVersion: z.literal(API_VERSION), kind: z.literal(kind), metadata, spec });
}

/** Makes a document from its parts; `group` is dropped for kinds that have none. */
export function makeDocument<K extends Kind>(kind: K, name: string, spec: SpecOf<K>, group?: string): RackDocument {
  const metadata = isGrouped(kind) ? { name, group: group ?? 'default' } : { name };
  return { apiVersion: API_VERSION, kind, metadata, spec } as unknown as RackDocument;
}

/** JSON Schema (2020-12) of each kind, for editors and for the reference. */
export function jsonSchemas(): Record<Kind, Record<string, unknown>> {
  return Object.fromEntries(
    KINDS.map((kind) => [kind, z.toJSONSchema(documentSchema(kind), { io: 'input' }) as Record<string, unknown>]),
  ) as Record<Kind, Record<string, unknown>>;
}
