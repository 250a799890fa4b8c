/**
 * Identity of commodity servers that boot through iPXE: the boot script *is* the adapter's programme. It sets MAC
 * addresses, the initiator name and its address, and opens the LUN. The owning service serves the script; this driver
 * writes it, reads it back by generating it again, and removes it. Every value is checked before it becomes script.
 */
export * from './boot-script-store.js';
export * from './ipxe-driver.js';
export { NO_PROFILE_SCRIPT } from './ipxe-script.js';
