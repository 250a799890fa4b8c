/**
 * Identity pools: MAC addresses, World Wide Names and IQNs that Rackwright makes, each handed out once. The owning
 * service embeds the tables in its schema; the value itself is the primary key, so no two transactions can hand out one.
 */
export * from './generate.js';
export * from './identity.store.js';
