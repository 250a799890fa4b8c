import { z } from 'zod';

/**
 * OVSDB values as RFC 7047 section 5.1 writes them: a set of one may come bare, a map is `["map", [[k, v], ...]]`, a
 * reference is `["uuid", text]`. Readers give back undefined for anything else: the device's answer is not trusted.
 */
const setSchema = z.tuple([z.literal('set'), z.array(z.unknown())]);
const mapSchema = z.tuple([z.literal('map'), z.array(z.tuple([z.string(), z.string()]))]);
const uuidSchema = z.tuple([z.literal('uuid'), z.string()]);
const vlanSchema = z.number().int().min(0).max(4095);

/** Members of a set, whatever their number; a bare value is a set of one. */
export function membersOf(value: unknown): readonly unknown[] {
  const set = setSchema.safeParse(value);
  return set.success ? set.data[1] : [value];
}

function listOf<T>(member: z.ZodType<T>): z.ZodType<readonly T[]> {
  return z.unknown().transform(membersOf).pipe(z.array(member).max(8192));
}

function optionalOf<T>(member: z.ZodType<T>): z.ZodType<T | undefined> {
  return z
    .unknown()
    .transform((value) => (value === undefined ? [] : membersOf(value)))
    .pipe(z.array(member).max(1))
    .transform((members) => members[0]);
}

const mapOf = mapSchema.transform(([, pairs]) => new Map(pairs));
const reference = uuidSchema.transform(([, id]) => id);

/** Row of table Port, as far as this driver reads it. */
export const portRowSchema = z.object({
  _uuid: reference,
  name: z.string().min(1).max(255),
  tag: optionalOf(vlanSchema),
  trunks: listOf(vlanSchema),
  vlan_mode: optionalOf(z.string()),
  protected: z.boolean(),
  external_ids: mapOf,
  interfaces: listOf(reference),
});
export type PortRow = z.infer<typeof portRowSchema>;

export const bridgeRowSchema = z.object({ name: z.string(), ports: listOf(reference) });
export type BridgeRow = z.infer<typeof bridgeRowSchema>;

export const interfaceRowSchema = z.object({ _uuid: reference, link_state: optionalOf(z.string()) });
export type InterfaceRow = z.infer<typeof interfaceRowSchema>;

export const switchRowSchema = z.object({
  cur_cfg: z.number().int(),
  next_cfg: z.number().int(),
  ovs_version: optionalOf(z.string()),
});
export type SwitchRow = z.infer<typeof switchRowSchema>;

/** Writes an OVSDB set. */
export function setOf(members: readonly (number | string)[]): unknown {
  return ['set', [...members]];
}
