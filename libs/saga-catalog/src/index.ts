/**
 * The sagas of the product: how profiles are defined, put on servers, moved and taken off, and how a server is fenced, in
 * the order that keeps two servers from ever living under one identity. A saga is a list of commands with what takes each
 * back; it can touch no database and no device. `association-steps.ts` holds the steps they share: a cut is one cut.
 */
export { associateProfile } from './associate-profile.saga.js';
export { defineProfile } from './define-profile.saga.js';
export { deleteProfile } from './delete-profile.saga.js';
export { disassociateProfile } from './disassociate-profile.saga.js';
export { fenceServer } from './fence-server.saga.js';
export { migrateProfile } from './migrate-profile.saga.js';
export * from './saga-for.js';
