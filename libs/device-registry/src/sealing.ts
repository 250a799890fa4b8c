import { AppError } from '@rackwright/kernel';
import type { Database } from '@rackwright/persistence';
import { compactDecrypt, CompactEncrypt, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { z } from 'zod';
import type { Vault } from './vault.js';

const ALG = 'ECDH-ES+A256KW';
const ENC = 'A256GCM';

/** What is sealed: never seen outside of the owning service once sealed. */
export const credentialSchema = z.strictObject({ username: z.string().max(200), password: z.string().max(500) });
export type PlainCredential = z.infer<typeof credentialSchema>;

/** Seals a credential to a service's public key; only that service can open it. Used by the gateway. */
export async function sealCredential(credential: PlainCredential, publicKey: Record<string, unknown>): Promise<string> {
  const key = await importJWK(publicKey as JWK, ALG);
  const plain = new TextEncoder().encode(JSON.stringify(credentialSchema.parse(credential)));
  return new CompactEncrypt(plain).setProtectedHeader({ alg: ALG, enc: ENC }).encrypt(key);
}

/** This service's key pair: made once, kept encrypted in its own schema, shared by its replicas. */
export class SealingKeys {
  private constructor(
    readonly publicKey: Record<string, unknown>,
    private readonly privateKey: JWK,
  ) {}

  static async open(database: Database, vault: Vault, service: string): Promise<SealingKeys> {
    const place = `${service}/sealing-key`;
    const made = await generateKeyPair(ALG, { crv: 'P-256', extractable: true });
    // Of several replicas starting at once the first to insert wins, and all use its key.
    await database.query(
      'INSERT INTO sealing_keys (id, public_key, private_key) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING',
      [
        JSON.stringify(await exportJWK(made.publicKey)),
        vault.encrypt(JSON.stringify(await exportJWK(made.privateKey)), place),
      ],
    );
    const [row] = await database.query<{ public_key: Record<string, unknown>; private_key: string }>(
      'SELECT public_key, private_key FROM sealing_keys WHERE id = 1',
    );
    if (!row) throw new AppError('device-registry.no-sealing-key', 'the sealing key could not be stored');
    return new SealingKeys(row.public_key, JSON.parse(vault.decrypt(row.private_key, place)) as JWK);
  }

  /** Throws `device-registry.cannot-unseal` for anything that was not sealed to this service's key. */
  async unseal(sealed: string): Promise<PlainCredential> {
    try {
      const key = await importJWK(this.privateKey, ALG);
      const { plaintext } = await compactDecrypt(sealed, key, {
        keyManagementAlgorithms: [ALG],
        contentEncryptionAlgorithms: [ENC],
      });
      return credentialSchema.parse(JSON.parse(new TextDecoder().decode(plaintext)));
    } catch (error) {
      throw new AppError('device-registry.cannot-unseal', 'the credential was not sealed to this service', {
        cause: error,
      });
    }
  }
}
