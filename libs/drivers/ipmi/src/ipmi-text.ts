import type { BootSource, PowerRestorePolicy, PowerState } from '@rackwright/driver-core';
import { tryParseUuid, type Uuid } from '@rackwright/kernel';
import { BOOT_SELECTORS, POWER_LINES, RESTORE_POLICIES } from './ipmi-tables.js';

/** `Name : value` lines of ipmitool; the first of equal names counts. */
export function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\s*([^:]{1,80}?)\s*:\s?(.{0,500})$/.exec(line.trimEnd());
    if (match?.[1] && !fields.has(match[1])) fields.set(match[1], (match[2] ?? '').trim());
  }
  return fields;
}

export function parsePower(text: string): { readonly state: PowerState; readonly raw: string } {
  const raw = text.trim().slice(0, 200);
  return { state: POWER_LINES.get(raw) ?? 'unknown', raw };
}

export interface BootFlags {
  readonly valid: boolean;
  readonly persistent: boolean;
  readonly selector: number;
  readonly source: BootSource;
  readonly raw: string;
}

/** Reads `chassis bootparam get 5` by its bytes, not by its prose; undefined when they are not there. */
export function parseBootFlags(text: string): BootFlags | undefined {
  const raw = fieldsOf(text).get('Boot parameter data') ?? '';
  if (!/^[0-9a-fA-F]{10}$/.test(raw)) return undefined;
  const [first, second] = [Number.parseInt(raw.slice(0, 2), 16), Number.parseInt(raw.slice(2, 4), 16)];
  const selector = (second >> 2) & 0x0f;
  return {
    valid: (first & 0x80) !== 0,
    persistent: (first & 0x40) !== 0,
    selector,
    source: BOOT_SELECTORS[selector] ?? 'none',
    raw,
  };
}

export function parseRestorePolicy(text: string): PowerRestorePolicy | undefined {
  const word = fieldsOf(text).get('Power Restore Policy');
  return RESTORE_POLICIES.find((policy) => policy === word);
}

export interface FruFacts {
  readonly vendor?: string;
  readonly model?: string;
  readonly serial?: string;
  readonly boardSerial?: string;
  readonly assetTag?: string;
  readonly sku?: string;
}

const FRU_FIELDS: Readonly<Record<keyof FruFacts, readonly string[]>> = {
  vendor: ['Product Manufacturer', 'Board Mfg'],
  model: ['Product Name', 'Board Product'],
  serial: ['Product Serial', 'Chassis Serial', 'Board Serial'],
  boardSerial: ['Board Serial', 'Chassis Serial'],
  assetTag: ['Product Asset Tag'],
  sku: ['Product Part Number', 'Chassis Part Number'],
};

/** Placeholders that boards leave where nobody wrote a value. */
const NO_VALUE = /^(0+|none|n\/?a|unknown|to be filled.*|default string|not specified|x+|\.*)$/i;

/** Reads `fru print 0`: the built-in FRU of the chassis. */
export function parseFru(text: string): FruFacts {
  const fields = fieldsOf(text);
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined && value !== '' && !NO_VALUE.test(value));
  const facts: { -readonly [K in keyof FruFacts]: string } = {};
  for (const key of Object.keys(FRU_FIELDS) as (keyof FruFacts)[]) {
    const value = first(FRU_FIELDS[key]);
    if (value !== undefined) facts[key] = value;
  }
  return facts;
}

export interface ControllerFacts {
  readonly manufacturer?: number;
  readonly product?: number;
  readonly model?: string;
  readonly firmware?: string;
}

/** Reads `mc info`. */
export function parseController(text: string): ControllerFacts {
  const fields = fieldsOf(text);
  const number = (name: string): number | undefined => {
    const digits = /^(\d{1,8})\b/.exec(fields.get(name) ?? '')?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const [manufacturer, product] = [number('Manufacturer ID'), number('Product ID')];
  const [model, firmware] = [fields.get('Product Name'), fields.get('Firmware Revision')];
  return {
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(product === undefined ? {} : { product }),
    ...(model ? { model } : {}),
    ...(firmware ? { firmware } : {}),
  };
}

/** Reads `mc guid`, with or without dashes. */
export function parseGuid(text: string): Uuid | undefined {
  return tryParseUuid(fieldsOf(text).get('System GUID') ?? '');
}
