/** Brocade FOS REST faces of the Fibre Channel switches of the world; what is simulated is said in `fos-face.ts`. */
import type { FaceContext } from '../../face.js';
import { DeviceGroupFace } from '../device-face.js';
import { FosFace, type FosFaceOptions } from './fos-face.js';
import { WorldFabricBackend, type FabricWorld } from './world-fabric.js';

export * from './fabric-backend.js';
export * from './fos-face.js';
export * from './world-fabric.js';

/** The face of one Fibre Channel switch. */
export function createFabricFace(world: FabricWorld, fcSwitch: string, options: FosFaceOptions): FosFace {
  return new FosFace(fcSwitch, new WorldFabricBackend(world, fcSwitch), options);
}

/** All Fibre Channel switches of the world. */
export function fabricFace(context: FaceContext): DeviceGroupFace {
  const { world } = context;
  return new DeviceGroupFace(context, {
    name: 'fabric',
    kind: 'fabric',
    devices: Object.values(world.state.fabrics).flatMap((fabric) => Object.keys(fabric.switches)),
    hasCredential: true,
    make: (device, options) => createFabricFace(world, device, options),
  });
}
