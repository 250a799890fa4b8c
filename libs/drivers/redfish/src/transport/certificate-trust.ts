import { checkServerIdentity, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { TlsTrust } from '@rackwright/driver-core';

/** Why a TLS connection was not used. Nothing of ours has been sent when it is thrown: the check runs before the first byte of HTTP. */
export class CertificateRefused extends Error {
  constructor(
    readonly code: 'device.certificate-changed' | 'device.certificate-untrusted',
    message: string,
  ) {
    super(message);
    this.name = 'CertificateRefused';
  }
}

function normalFingerprint(text: string): string {
  return text
    .replace(/^sha256[:/]/i, '')
    .replace(/[:\s]/g, '')
    .toLowerCase();
}

/**
 * Decides whether a device's certificate is the one we know. `pin` and `first-use` compare SHA-256 fingerprints and ask
 * nothing else of the certificate (BMCs ship self-signed ones with wrong names and dates); `ca` and no trust at all ask
 * for a chain and a name.
 */
export class CertificateTrust {
  private seen: string | undefined;

  constructor(private readonly trust: TlsTrust | undefined) {
    if (trust?.kind === 'pin') this.seen = normalFingerprint(trust.sha256);
  }

  /** Credentials may leave only over a connection whose certificate was known before it was opened. */
  get mayCarryCredentials(): boolean {
    return this.trust?.kind !== 'first-use';
  }

  /** Options of the TLS connection. For pins the chain is not asked for here, the fingerprint is in {@link check}. */
  connectOptions(host: string): ConnectionOptions {
    if (this.trust?.kind === 'pin' || this.trust?.kind === 'first-use') return { rejectUnauthorized: false };
    const name = this.trust?.serverName ?? host;
    return {
      rejectUnauthorized: true,
      ...(this.trust && { ca: this.trust.caPem }),
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    };
  }

  /** Runs after the handshake, before anything is written. Throws {@link CertificateRefused}. */
  check(socket: TLSSocket): void {
    if (this.trust === undefined || this.trust.kind === 'ca') return;
    const fingerprint = normalFingerprint(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
    if (fingerprint === '')
      throw new CertificateRefused('device.certificate-untrusted', 'the device shows no certificate');
    if (this.seen === undefined && this.trust.kind === 'first-use') {
      this.seen = fingerprint;
      this.trust.onFirstUse(fingerprint);
      return;
    }
    if (fingerprint !== this.seen) {
      throw new CertificateRefused(
        'device.certificate-changed',
        `the certificate is another one than before (now SHA-256 ${fingerprint}); nothing was sent`,
      );
    }
  }
}
