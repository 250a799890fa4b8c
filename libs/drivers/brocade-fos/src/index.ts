/**
 * Brocade FOS 8.2 and 9.x over REST: zoning of one fabric through one of its switches, logins, and the state of that
 * switch's ports. Zoning is one fabric-wide transaction: read, stage with POST (add) and DELETE (remove) only, check
 * that nothing else is staged, commit with the checksum, read the effective configuration back; every failure aborts
 * what this call has staged and nothing else. Sessions are scarce: one at a time, always logged out.
 */
export * from './fos-driver.js';
