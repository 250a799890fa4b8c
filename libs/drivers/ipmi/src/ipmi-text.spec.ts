import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createIpmiDriver } from './ipmi-driver.js';
import { parseBootFlags, parseController, parseFru, parseGuid, parsePower, parseRestorePolicy } from './ipmi-text.js';

describe('what ipmitool prints', () => {
  it('is on or off only in exactly those words', () => {
    expect(parsePower('Chassis Power is on\n').state).toBe('on');
    expect(parsePower('Chassis Power is off\n').state).toBe('off');
    for (const other of [
      '',
      'Chassis Power is offline',
      'Chassis Power is off\nreally',
      'Off',
      'chassis power is off',
    ]) {
      expect(parsePower(other).state).toBe('unknown');
    }
    fc.assert(
      fc.property(fc.string(), (text) => void expect(['unknown', 'on', 'off']).toContain(parsePower(text).state)),
    );
  });

  it.each([
    ['c004000000', { valid: true, persistent: true, selector: 1, source: 'network' }],
    ['8008000000', { valid: true, persistent: false, selector: 2, source: 'disk' }],
    ['e024000000', { valid: true, persistent: true, selector: 9, source: 'disk' }],
    ['0000000000', { valid: false, persistent: false, selector: 0, source: 'none' }],
  ])('gives boot flags %s by their bytes', (data, flags) => {
    expect(parseBootFlags(`Boot parameter version: 1\nBoot parameter data: ${data}\n`)).toMatchObject(flags);
  });

  it('gives FRU facts without the placeholders boards leave', () => {
    const text =
      ' Board Mfg             : ACME\n Board Serial          : 0000000\n Chassis Serial : C-1\n Product Name : To be filled by O.E.M.\n';
    expect(parseFru(text)).toEqual({ vendor: 'ACME', serial: 'C-1', boardSerial: 'C-1' });
  });

  it('gives the GUID with and without dashes, and none for zeroes', () => {
    expect(parseGuid('System GUID  : A1B2C3D4-0000-0000-0000-000000000001')).toBe(
      'a1b2c3d4-0000-0000-0000-000000000001',
    );
    expect(parseGuid('System GUID   : A1B2C3D4000000000000000000000001')).toBe('a1b2c3d4-0000-0000-0000-000000000001');
    expect(parseGuid('System GUID   : 00000000000000000000000000000000')).toBeUndefined();
  });

  it('is never thrown over', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('Boot parameter data: ', 'Product Serial : ', ':', '\t'))),
        (parts) => {
          const text = parts.join('\n');
          parseBootFlags(text);
          parseFru(text);
          parseController(text);
          parseGuid(text);
          parseRestorePolicy(text);
        },
      ),
    );
  });
});

describe('addresses', () => {
  it.each(['-oProxy', 'host name', 'a:b:c', '', '$(x)'])(
    'that could be options or worse are refused: %s',
    (address) => {
      expect(() => createIpmiDriver({ address })).toThrow('is not host or host:port');
    },
  );
});
