/**
 * Open vSwitch through OVSDB (RFC 7047): VLANs and state of switch ports. A change is one transaction that compares
 * (`wait`), updates, counts and bumps `next_cfg`; it is `done` only when `cur_cfg` shows that the data plane has
 * applied it and the row reads back as wanted. A closed port is an access port of the parking VLAN with `protected`
 * set; ovs-vswitchd forgets the addresses learnt on a port whenever its tag, mode or `protected` changes.
 */
export * from './ovsdb-driver.js';
