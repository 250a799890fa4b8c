import { afterAll, beforeAll, describe } from '@jest/globals';
import { describeSwitchConformance } from '@rackwright/driver-core/conformance';
import { createOvsdbDriver } from '@rackwright/driver-ovsdb';
import { SeededRandom, SystemClock } from '@rackwright/kernel';
import { createSwitchFace, shippedSite, type OvsdbFace } from '@rackwright/sim/testing';
import { buildWorld, loadSiteFile, World } from '@rackwright/sim';

const PARKING = 4000;

describe('the simulated switch', () => {
  let face: OvsdbFace;
  let world: World;
  let address: string;
  let ports: readonly string[];

  beforeAll(async () => {
    const clock = new SystemClock();
    world = new World(buildWorld(loadSiteFile(shippedSite('small'))), clock);
    const name = Object.keys(world.state.switches)[0] as string;
    face = createSwitchFace(world, name, { clock, random: new SeededRandom(1) });
    address = (await face.start()).url;
    const list = await createOvsdbDriver({ address }).listPorts({
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
    makeDriver: () => Promise.resolve(createOvsdbDriver({ address })),
    hooks: () => ({
      port: ports[0] as string,
      untouchedPort: ports[1] as string,
      parkingVlan: PARKING,
      vlans: [10, 20],
    }),
  });
});
