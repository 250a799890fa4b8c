/**
 * Serves a captured Redfish tree (`<folder>/<path>/index.json`) over TLS with sessions, so that the real driver can be
 * run against the answers of real BMCs. Read-only: what a BMC does when it is written to is the simulator's business.
 */
export { serveCapture, type CaptureServer, type CaptureServerOptions } from './capture-server.js';
export { selfSignedCertificate, type ServerCertificate } from './certificate.js';
export { type CaptureCredential } from './sessions.js';
