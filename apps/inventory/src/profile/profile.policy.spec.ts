import { describe, expect, it } from '@jest/globals';
import type { ProfileDefinition } from '@rackwright/contracts';
import { isCosmeticEdit } from './profile.policy.js';

const DEFINITION: ProfileDefinition = {
  name: 'mail',
  group: 'default',
  description: '',
  qualification: { architecture: 'x86-64', coresMin: 8 },
  vnics: [{ name: 'eth0', native: 'red', tagged: [] }],
  vhbas: [{ name: 'fc0', fabric: 'fabric-a' }],
  volumes: [{ volume: 'mail-boot', lun: 0, boot: true }],
};

describe('an edit of a profile that is on a server', () => {
  it('is none when only the order of fields differs, as it does after a trip through the database', () => {
    const stored: ProfileDefinition = {
      ...DEFINITION,
      vhbas: [{ fabric: 'fabric-a', name: 'fc0' }],
      volumes: [{ lun: 0, boot: true, volume: 'mail-boot' }],
      qualification: { coresMin: 8, architecture: 'x86-64' },
    };
    expect(isCosmeticEdit(stored, DEFINITION)).toBe(true);
  });

  it('may change what people read, and nothing of what the server is', () => {
    expect(isCosmeticEdit(DEFINITION, { ...DEFINITION, description: 'of sales', group: 'sales' })).toBe(true);
    expect(isCosmeticEdit(DEFINITION, { ...DEFINITION, volumes: [] })).toBe(false);
    expect(isCosmeticEdit(DEFINITION, { ...DEFINITION, vhbas: [{ name: 'fc0', fabric: 'fabric-b' }] })).toBe(false);
    expect(isCosmeticEdit(DEFINITION, { ...DEFINITION, qualification: { coresMin: 8 } })).toBe(false);
  });
});
