import { z } from 'zod';

const name = z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, 'lower-case letters, digits, dots and dashes');
/** A name with `{n}`, `{nn}` or `{n+16}` in it, one for each member of a group. */
const pattern = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9./:{}+-]*$/, 'a name, with {n}, {nn} or {n+16} for a number');
const vlan = z.number().int().min(1).max(4094);
const positive = z.number().int().positive();

const port = z.strictObject({
  name: z.string().min(1),
  adapter: z.string().min(1),
  adapterModel: z.string().default('Ethernet 25G 2P'),
  kind: z.enum(['ethernet', 'fibre-channel']),
  /** `switch:port`, with patterns. Absent = not cabled. */
  to: pattern.optional(),
  auxPowered: z.boolean().optional(),
  speedMbps: positive.optional(),
});

const survives = z.array(z.enum(['warm-reset', 'cold-reset', 'ac-loss']));
const persistence = z.strictObject({
  optimisation: z.boolean().optional(),
  auxPowered: survives.optional(),
  nonAuxPowered: survives.optional(),
  initiator: survives.optional(),
  storageTarget: survives.optional(),
});

const milliseconds = z.number().min(0);
const model = z.strictObject({
  name,
  /** A built-in model to start from. */
  like: name,
  model: z.string().optional(),
  memoryGiB: positive.optional(),
  localSystem: z.boolean().optional(),
  gracefulShutdown: z.enum(['honours', 'ignores', 'hangs']).optional(),
  identity: z.enum(['standard', 'dell-oem', 'none']).optional(),
  showsTransitions: z.boolean().optional(),
  powerRestore: z.enum(['always-on', 'always-off', 'previous']).optional(),
  persistence: persistence.optional(),
  timings: z
    .strictObject({
      powerOnMs: milliseconds.optional(),
      postMs: milliseconds.optional(),
      osBootMs: milliseconds.optional(),
      powerOffMs: milliseconds.optional(),
      gracefulMs: milliseconds.optional(),
      reportLagMs: milliseconds.optional(),
      resetGapMs: milliseconds.optional(),
    })
    .optional(),
});

const target = z.discriminatedUnion('kind', [
  z.strictObject({ id: z.string(), kind: z.literal('fibre-channel'), to: z.string() }),
  z.strictObject({
    id: z.string(),
    kind: z.literal('iscsi'),
    iqn: z.string(),
    portal: z.string(),
    vlan,
    to: z.string(),
  }),
]);

const array = z.strictObject({
  name,
  deadSessionTimeoutMs: milliseconds.default(60_000),
  targets: z.array(target).min(1),
  volumes: z.array(
    z.strictObject({
      names: pattern,
      count: positive.default(1),
      first: z.number().int().min(0).default(1),
      sizeGiB: positive,
      shared: z.boolean().default(false),
    }),
  ),
});

const serverGroup = z.strictObject({
  names: pattern,
  count: positive.default(1),
  first: z.number().int().min(0).default(1),
  model: name,
  rack: name,
  enclosure: name.optional(),
  /** `pdu/outlet`, with patterns; blades take those of their enclosure. */
  outlets: z.array(pattern).optional(),
  /** How many, counted from the end, are meant as spares. */
  spares: z.number().int().min(0).default(0),
  ports: z.array(port).min(1),
});

/** The site file: what there is in one simulated site. Unknown fields are errors. */
export const siteSchema = z.strictObject({
  apiVersion: z.literal('rackwright-sim/v1'),
  name,
  seed: z.number().int().default(1),
  feeds: z.array(name).min(1),
  racks: z
    .array(
      z.strictObject({
        name,
        pdus: z.array(z.strictObject({ name, feed: name, outlets: positive })).default([]),
      }),
    )
    .min(1),
  enclosures: z.array(z.strictObject({ name, rack: name, outlets: z.array(z.string()).min(1) })).default([]),
  models: z.array(model).default([]),
  networks: z
    .array(z.strictObject({ name, vlan, subnet: z.string().optional(), purpose: z.string().optional() }))
    .default([]),
  switches: z.array(
    z.strictObject({
      name,
      ports: positive,
      portNames: pattern.default('eth{n}'),
      parkingVlan: vlan.default(4094),
      applyDelayMs: milliseconds.default(100),
    }),
  ),
  fabrics: z
    .array(
      z.strictObject({
        name,
        configuration: z.string().default('rw_cfg'),
        switches: z
          .array(z.strictObject({ name, domainId: positive, ports: positive, firmware: z.string().default('v9.1.0b') }))
          .min(1),
      }),
    )
    .default([]),
  arrays: z.array(array).default([]),
  servers: z.array(serverGroup).min(1),
});

export type SiteFile = z.output<typeof siteSchema>;
export type ServerGroup = z.output<typeof serverGroup>;
