import { X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';

export interface ServerCertificate {
  readonly keyPem: string;
  readonly certPem: string;
  /** SHA-256 of the certificate, lower-case hex without separators. */
  readonly sha256: string;
}

/** Makes a self-signed certificate for loopback, as BMCs ship with. Each call makes another one. */
export async function selfSignedCertificate(commonName = 'localhost'): Promise<ServerCertificate> {
  const made = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  const sha256 = new X509Certificate(made.cert).fingerprint256.replaceAll(':', '').toLowerCase();
  return { keyPem: made.private, certPem: made.cert, sha256 };
}
