import { z } from 'zod';
import { defineQuery, type QueryDefinition, type ServiceName } from './define.js';

const result = z.strictObject({ publicKey: z.record(z.string(), z.unknown()) });
const input = z.strictObject({});

function sealingKeyQuery(service: ServiceName): QueryDefinition<typeof input, typeof result> {
  return defineQuery({
    service,
    name: 'sealing-key',
    summary: 'The public key (JWK) to which credentials for this service’s devices are sealed.',
    input,
    result,
  });
}

export const networkSealingKey = sealingKeyQuery('network');
export const storageSealingKey = sealingKeyQuery('storage-identity');
export const powerSealingKey = sealingKeyQuery('power');
