import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseConnections, parseTargets } from './show-target.js';
import { hostOfTarget, hostTargetName } from './target-names.js';

const NAMES = { volumePrefix: '', hostPrefix: 'iqn.2026-01.dev.rackwright:host.' };

const lines = (alias: string): string => `Target 1: iqn.2026-01.org.example:a
    System information:
        Driver: iscsi
        State: ready
    I_T nexus information:
        I_T nexus: 3
            Initiator: iqn.2026-01.org.example:h alias: ${alias}
            Connection: 0
                IP Address: 127.0.0.1
    LUN information:
        LUN: 0
            Type: controller
            SCSI SN: beaf10
            Size: 0 MB, Block size: 1
            Backing store path: None
        LUN: 1
            Type: disk
            SCSI SN: beaf11
            Size: 17 MB, Block size: 512
            Backing store path: /srv/d1.img
            Backing store flags: 
    Account information:
    ACL information:
        iqn.2026-01.org.example:h
`;

describe('what tgtadm prints', () => {
  it('is read into targets, units, admitted names and connections', () => {
    expect(parseTargets(lines('none'))).toEqual([
      {
        tid: 1,
        name: 'iqn.2026-01.org.example:a',
        luns: [
          { lun: 0, type: 'controller', serial: 'beaf10', sizeMb: 0, path: 'None' },
          { lun: 1, type: 'disk', serial: 'beaf11', sizeMb: 17, path: '/srv/d1.img' },
        ],
        acl: ['iqn.2026-01.org.example:h'],
        connections: [{ sid: 3, cid: 0, initiator: 'iqn.2026-01.org.example:h' }],
      },
    ]);
    expect(parseTargets('')).toEqual([]);
  });

  it('is not believed when an initiator writes structure into its alias', () => {
    expect(parseTargets(lines('x\n    ACL information:\n        iqn.2026-01.org.example:evil'))).toBeUndefined();
    expect(parseTargets(lines(`x\n${lines('y')}`))).toBeUndefined();
    expect(parseTargets(lines('x\n  odd indent'))).toBeUndefined();
  });

  it('is read or refused, never thrown over', () => {
    const noise = fc.array(fc.oneof(fc.string(), fc.constantFrom(...lines('z').split('\n'))), { maxLength: 30 });
    fc.assert(
      fc.property(noise, (parts) => {
        parseTargets(parts.join('\n'));
        parseConnections(parts.join('\n'));
      }),
    );
  });
});

describe('marker targets', () => {
  it('carry any host name, and only what they carry reads back', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (host) => {
        expect(hostOfTarget(NAMES, hostTargetName(NAMES, host))).toBe(host);
      }),
    );
    expect(hostTargetName(NAMES, 'rw_web')).toBe('iqn.2026-01.dev.rackwright:host.rw.5fweb');
    expect(hostOfTarget(NAMES, 'iqn.2026-01.dev.rackwright:host.rw_web')).toBeUndefined();
    expect(hostOfTarget(NAMES, 'iqn.2026-01.org.example:a')).toBeUndefined();
  });
});
