/** Columns of the `Open_vSwitch` database that are simulated, in our own short notation; RFC 7047 section 3.2 says what they mean. */
export type AtomType = 'integer' | 'real' | 'boolean' | 'string' | 'uuid';

export interface ColumnType {
  readonly key: AtomType;
  readonly value?: AtomType;
  readonly min: number;
  /** Infinity = unlimited. */
  readonly max: number;
  readonly enum?: readonly string[];
  readonly minInteger?: number;
  readonly maxInteger?: number;
  readonly refTable?: string;
  readonly ephemeral?: boolean;
  readonly immutable?: boolean;
}

export interface TableSchema {
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly isRoot: boolean;
  readonly maxRows?: number;
  readonly indexes: readonly (readonly string[])[];
}

const many = Number.POSITIVE_INFINITY;
const one = (key: AtomType): ColumnType => ({ key, min: 1, max: 1 });
const optional = (key: AtomType, extra: Partial<ColumnType> = {}): ColumnType => ({ key, min: 0, max: 1, ...extra });
const set = (key: AtomType, extra: Partial<ColumnType> = {}): ColumnType => ({ key, min: 0, max: many, ...extra });
const map = (value: AtomType = 'string', extra: Partial<ColumnType> = {}): ColumnType => ({
  key: 'string',
  value,
  min: 0,
  max: many,
  ...extra,
});
const shown = { ephemeral: true };
const vlan = { minInteger: 0, maxInteger: 4095 };
const upDown = { enum: ['up', 'down'], ephemeral: true };

export const DATABASE = 'Open_vSwitch';
export const SCHEMA_VERSION = '8.3.1';

export const TABLES: Readonly<Record<string, TableSchema>> = {
  Open_vSwitch: {
    isRoot: true,
    maxRows: 1,
    indexes: [],
    columns: {
      bridges: set('uuid', { refTable: 'Bridge' }),
      next_cfg: one('integer'),
      cur_cfg: one('integer'),
      other_config: map(),
      external_ids: map(),
      statistics: map('string', shown),
      ovs_version: optional('string'),
      db_version: optional('string'),
      system_type: optional('string'),
      system_version: optional('string'),
      datapath_types: set('string'),
      iface_types: set('string'),
      dpdk_initialized: one('boolean'),
      dpdk_version: optional('string'),
    },
  },
  Bridge: {
    isRoot: false,
    indexes: [['name']],
    columns: {
      name: { ...one('string'), immutable: true },
      ports: set('uuid', { refTable: 'Port' }),
      datapath_type: one('string'),
      datapath_version: one('string'),
      datapath_id: optional('string', shown),
      fail_mode: optional('string', { enum: ['standalone', 'secure'] }),
      protocols: set('string'),
      stp_enable: one('boolean'),
      rstp_enable: one('boolean'),
      mcast_snooping_enable: one('boolean'),
      flood_vlans: { ...set('integer', vlan), max: 4096 },
      status: map('string', shown),
      rstp_status: map('string', shown),
      other_config: map(),
      external_ids: map(),
    },
  },
  Port: {
    isRoot: false,
    indexes: [['name']],
    columns: {
      name: { ...one('string'), immutable: true },
      interfaces: { ...set('uuid', { refTable: 'Interface' }), min: 1 },
      tag: optional('integer', vlan),
      trunks: { ...set('integer', vlan), max: 4096 },
      cvlans: { ...set('integer', vlan), max: 4096 },
      vlan_mode: optional('string', { enum: ['trunk', 'access', 'native-tagged', 'native-untagged', 'dot1q-tunnel'] }),
      protected: one('boolean'),
      mac: optional('string'),
      bond_mode: optional('string', { enum: ['balance-tcp', 'balance-slb', 'active-backup'] }),
      lacp: optional('string', { enum: ['active', 'passive', 'off'] }),
      bond_updelay: one('integer'),
      bond_downdelay: one('integer'),
      bond_active_slave: optional('string'),
      bond_fake_iface: one('boolean'),
      fake_bridge: one('boolean'),
      status: map('string', shown),
      rstp_status: map('string', shown),
      rstp_statistics: map('integer', shown),
      statistics: map('integer', shown),
      other_config: map(),
      external_ids: map(),
    },
  },
  Interface: {
    isRoot: false,
    indexes: [['name']],
    columns: {
      name: { ...one('string'), immutable: true },
      type: one('string'),
      options: map(),
      mac: optional('string'),
      mac_in_use: optional('string', shown),
      ifindex: optional('integer', shown),
      ofport: optional('integer'),
      ofport_request: optional('integer', { minInteger: 1, maxInteger: 65279 }),
      admin_state: optional('string', upDown),
      link_state: optional('string', upDown),
      link_resets: optional('integer', shown),
      link_speed: optional('integer', shown),
      duplex: optional('string', { enum: ['half', 'full'], ephemeral: true }),
      mtu: optional('integer', shown),
      mtu_request: optional('integer', { minInteger: 1 }),
      lldp: map(),
      error: optional('string'),
      status: map('string', shown),
      statistics: map('integer', shown),
      other_config: map(),
      external_ids: map(),
    },
  },
};

/** The schema as `get_schema` answers it. */
export function schemaJson(): unknown {
  const tables = Object.entries(TABLES).map(([name, table]) => [
    name,
    {
      columns: Object.fromEntries(Object.entries(table.columns).map(([column, type]) => [column, columnJson(type)])),
      isRoot: table.isRoot,
      ...(table.maxRows === undefined ? {} : { maxRows: table.maxRows }),
      ...(table.indexes.length === 0 ? {} : { indexes: table.indexes }),
    },
  ]);
  return { name: DATABASE, version: SCHEMA_VERSION, tables: Object.fromEntries(tables) as unknown };
}

function columnJson(type: ColumnType): unknown {
  const key = {
    type: type.key,
    ...(type.enum ? { enum: ['set', type.enum] } : {}),
    ...(type.minInteger === undefined ? {} : { minInteger: type.minInteger }),
    ...(type.maxInteger === undefined ? {} : { maxInteger: type.maxInteger }),
    ...(type.refTable === undefined ? {} : { refTable: type.refTable }),
  };
  return {
    type: {
      key,
      ...(type.value ? { value: type.value } : {}),
      min: type.min,
      max: type.max === many ? 'unlimited' : type.max,
    },
    ...(type.ephemeral ? { ephemeral: true } : {}),
    ...(type.immutable ? { mutable: false } : {}),
  };
}
