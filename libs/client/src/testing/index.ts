/**
 * A small server that answers as the public API does, on a real socket, for the tests of the client and of the command
 * line. What it answers is set by the test; what it was asked is kept.
 */
export * from './contract-server.js';
export * from './examples.js';
