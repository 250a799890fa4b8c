import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { AppError } from '@rackwright/kernel';
import { shippedSite } from '../testing/small-world.js';
import { buildWorld } from './build-world.js';
import { loadSiteFile, parseSite, type SiteFault } from './load-site.js';

function faultsIn(text: string): readonly SiteFault[] {
  try {
    parseSite(text);
    return [];
  } catch (error) {
    return error instanceof AppError ? (error.details['faults'] as SiteFault[]) : [];
  }
}

describe('site files', () => {
  it('name line and column of an unknown field and of a wrong value', () => {
    const small = readFileSync(shippedSite('small'), 'utf8');
    const text = small.replace('seed: 7', 'seed: 7\nsede: 8').replace('vlan: 101', 'vlan: 5000');
    expect(faultsIn(text)).toMatchObject([
      { path: 'networks.0.vlan', line: 15 },
      { path: 'sede', line: 5, column: 1, message: 'unknown field' },
    ]);
  });

  it('build the default site: 48 servers on four switches, two fabrics and two arrays', () => {
    const world = buildWorld(loadSiteFile(shippedSite('default')));
    const servers = Object.values(world.servers);
    expect(servers).toHaveLength(48);
    expect(servers.filter((server) => server.enclosure !== undefined)).toHaveLength(32);
    expect(Object.keys(world.switches)).toHaveLength(4);
    expect([Object.keys(world.fabrics).length, Object.keys(world.arrays).length]).toEqual([2, 2]);
    const macs = servers.flatMap((server) => server.ports.map((port) => port.permanent.mac ?? port.permanent.wwpn));
    expect(new Set(macs).size).toBe(macs.length);
    expect(new Set(servers.map((server) => server.serials.board)).size).toBe(48);
  });

  it('build the same world again from the same file', () => {
    const site = loadSiteFile(shippedSite('default'));
    expect(buildWorld(site)).toEqual(buildWorld(site));
  });

  it('refuse two cables in one port', () => {
    const text = readFileSync(shippedSite('small'), 'utf8').replace("to: 'leaf-1:eth{n+4}'", "to: 'leaf-1:eth{n}'");
    expect(() => buildWorld(parseSite(text))).toThrow('two cables end in leaf-1:eth1');
  });
});
