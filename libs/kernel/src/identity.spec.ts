import { describe, expect, it } from '@jest/globals';
import {
  isLocallyAdministeredMac,
  isUnicastMac,
  naaOf,
  parseIqn,
  parseMac,
  parseUuid,
  parseWwn,
  tryParseIqn,
  tryParseMac,
  tryParseUuid,
  tryParseWwn,
} from './identity.js';

describe('hardware identities', () => {
  it.each(['02:FD:00:00:00:01', '02-fd-00-00-00-01', '02fd.0000.0001', '02FD00000001'])('reads the MAC %s', (text) => {
    expect(parseMac(text)).toBe('02:fd:00:00:00:01');
  });

  it.each(['', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '02:fd:00:00:00', 'zz:fd:00:00:00:01', 'Not Available'])(
    'takes %p for no MAC',
    (text) => expect(tryParseMac(text)).toBeUndefined(),
  );

  it('tells local from global and unicast from multicast addresses', () => {
    expect(isLocallyAdministeredMac(parseMac('02:00:00:00:00:01'))).toBe(true);
    expect(isLocallyAdministeredMac(parseMac('00:25:b5:00:00:01'))).toBe(false);
    expect(isUnicastMac(parseMac('01:00:5e:00:00:01'))).toBe(false);
  });

  it.each(['10:00:5E:1B:6C:80:00:00', '0x10005e1b6c800000', '10005E1B6C800000'])('reads the WWN %s', (text) => {
    expect(parseWwn(text)).toBe('10:00:5e:1b:6c:80:00:00');
    expect(naaOf(parseWwn(text))).toBe(1);
  });

  it('takes a zero WWN for none', () => expect(tryParseWwn('00:00:00:00:00:00:00:00')).toBeUndefined());

  it('reads IQNs without regard to case and refuses what is none', () => {
    expect(parseIqn('IQN.2026-01.org.rackwright:Mail-1')).toBe('iqn.2026-01.org.rackwright:mail-1');
    expect(tryParseIqn('iqn.2026-13.org.x:a')).toBeUndefined();
    expect(tryParseIqn(`iqn.2026-01.org.x:${'a'.repeat(230)}`)).toBeUndefined();
  });

  it('reads UUIDs with and without dashes and refuses the empty ones', () => {
    expect(parseUuid('4C4C4544003510528058C3C04F4A3033')).toBe('4c4c4544-0035-1052-8058-c3c04f4a3033');
    expect(tryParseUuid('00000000-0000-0000-0000-000000000000')).toBeUndefined();
  });
});
