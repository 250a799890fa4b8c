import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { CallEnding, endCall } from '../call-ending.js';
import type { TlsTrust } from '../device-identity.js';

export interface PinnedTlsOptions {
  readonly host: string;
  readonly port: number;
  readonly trust: TlsTrust | undefined;
  readonly signal: AbortSignal;
  /** Client certificate, where the device asks for one. */
  readonly client?: { readonly keyPem: string; readonly certPem: string };
}

function normalFingerprint(text: string): string {
  return text
    .toLowerCase()
    .replace(/^sha256:/, '')
    .replace(/[^0-9a-f]/g, '');
}

/** SHA-256 of the certificate the other side showed, 64 lower-case hex digits. */
export function fingerprintOf(socket: TLSSocket): string {
  const raw = socket.getPeerCertificate().raw;
  return raw === undefined ? '' : createHash('sha256').update(raw).digest('hex');
}

function tlsOptions(options: PinnedTlsOptions): ConnectionOptions {
  const { host, port, trust, client } = options;
  const name = trust?.kind === 'ca' ? (trust.serverName ?? host) : host;
  return {
    host,
    port,
    ...(isIP(name) ? {} : { servername: name }),
    ...(client ? { key: client.keyPem, cert: client.certPem } : {}),
    ...(trust?.kind === 'ca' ? { ca: trust.caPem } : {}),
    // A pin is judged below, before a single byte of ours is written; with a CA (ours or the system's) TLS judges itself.
    rejectUnauthorized: trust === undefined || trust.kind === 'ca',
  };
}

function judge(socket: TLSSocket, trust: TlsTrust | undefined): void {
  if (trust === undefined || trust.kind === 'ca') return;
  const sha256 = fingerprintOf(socket);
  if (trust.kind === 'first-use') {
    trust.onFirstUse(sha256);
    endCall({
      kind: 'refused',
      code: 'device.certificate-not-pinned',
      message: `certificate ${sha256} waits to be pinned`,
    });
  }
  if (sha256 === '' || sha256 !== normalFingerprint(trust.sha256)) {
    endCall({
      kind: 'refused',
      code: 'device.certificate-changed',
      message: `the device shows certificate ${sha256}, which is not the pinned one`,
    });
  }
}

/** Codes with which node says that a certificate chain does not lead to a CA it was given. */
const TRUST_ERRORS = /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/;

/**
 * Opens a TLS connection and judges the certificate before anything is written: what comes back may be given
 * credentials. Ends the call as `refused` (`device.certificate-*`) or, when there is no connection, as `unknown`.
 */
export async function connectPinned(options: PinnedTlsOptions): Promise<TLSSocket> {
  const where = `${options.host}:${options.port}`;
  const socket = connect(tlsOptions(options));
  try {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(new Error('aborted'));
      if (options.signal.aborted) return onAbort();
      options.signal.addEventListener('abort', onAbort, { once: true });
      socket
        .once('secureConnect', resolve)
        .once('error', reject)
        .once('close', () => reject(new Error('closed')));
    });
    judge(socket, options.trust);
    return socket;
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    if (error instanceof CallEnding) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (TRUST_ERRORS.test(code)) {
      endCall({ kind: 'refused', code: 'device.certificate-untrusted', message: `${where}: ${message}` });
    }
    const why = options.signal.aborted ? 'timeout' : 'connection-reset';
    endCall({ kind: 'unknown', why, message: `no TLS connection to ${where}: ${message}` });
  }
}
