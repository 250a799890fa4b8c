import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError, SystemRandom } from '@rackwright/kernel';

const ITERATIONS = 4096;
const derive = promisify(pbkdf2);

/**
 * The SCRAM-SHA-256 verifier PostgreSQL stores (RFC 5803 section 4 and RFC 7677), made on our side so that the password
 * itself never appears in a statement, and so in no server log. Printable ASCII only: SASLprep leaves that unchanged.
 */
export async function scramVerifier(password: string): Promise<string> {
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new AppError('persistence.invalid-password', 'a database password must be printable ASCII');
  }
  const salt = Buffer.from(new SystemRandom().bytes(16));
  const salted = await derive(password, salt, ITERATIONS, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
