/**
 * Dell PowerStore over REST: LUN masking by host object. Every call reads hosts, mappings and volumes, sends what
 * differs, and reads again; a refusal of the array is only the occasion to look. The API cannot end an initiator's
 * session, so `ensureNoSessions` waits for the initiator to be gone and says `pending` until then.
 */
export * from './powerstore-driver.js';
