import { afterAll, beforeAll, describe } from '@jest/globals';
import { describeSwitchConformance } from '@rackwright/driver-core/conformance';
import type { DeviceEndpoint } from '@rackwright/driver-core';
import { createOvsdbDriver } from '@rackwright/driver-ovsdb';
import { SeededRandom, SystemClock } from '@rackwright/kernel';
import { createSwitchFace, shippedSite, type OvsdbFace } from '@rackwright/sim/testing';
import { selfSignedCertificate } from '@rackwright/sim/capture';
import { buildWorld, loadSiteFile, World } from '@rackwright/sim';

const PARKING = 4000;

describe.each(['in the clear', 'over TLS with a pinned certificate'])('the simulated switch, %s', (how) => {
  let face: OvsdbFace;
  let world: World;
  let endpoint: DeviceEndpoint;
  let ports: readonly string[];

  beforeAll(async () => {
    const clock = new SystemClock();
    world = new World(buildWorld(loadSiteFile(shippedSite('small'))), clock);
    const name = Object.keys(world.state.switches)[0] as string;
    const { certPem, keyPem, sha256 } = await selfSignedCertificate();
    const tls = how === 'in the clear' ? {} : { tls: { cert: certPem, key: keyPem } };
    face = createSwitchFace(world, name, { clock, random: new SeededRandom(1), ...tls });
    const address = (await face.start()).url;
    endpoint = how === 'in the clear' ? { address } : { address, trust: { kind: 'pin', sha256 } };
    const list = await createOvsdbDriver(endpoint).listPorts({
      gate: { permit: () => Promise.resolve({ close: () => Promise.resolve() }) },
      clock,
      deadline: new Date(clock.now().getTime() + 5_000),
    });
    if (list.kind !== 'done') throw new Error(JSON.stringify(list));
    ports = list.observed.value.map((port) => port.port);
  });
  afterAll(async () => {
    await face.stop();
    world.close();
  });

  describeSwitchConformance('ovsdb', {
    makeDriver: () => Promise.resolve(createOvsdbDriver(endpoint)),
    hooks: () => ({
      port: ports[0] as string,
      untouchedPort: ports[1] as string,
      parkingVlan: PARKING,
      vlans: [10, 20],
    }),
  });
});
