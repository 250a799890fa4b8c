/** Dell PowerStore faces of the storage arrays of the world; what is simulated is said in `powerstore-face.ts`. */
import type { FaceContext } from '../../face.js';
import { DeviceGroupFace } from '../device-face.js';
import { PowerStoreFace, type PowerStoreFaceOptions } from './powerstore-face.js';
import { WorldArrayBackend, type ArrayWorld } from './world-array.js';

export * from './array-backend.js';
export * from './powerstore-face.js';
export * from './world-array.js';

/** The face of one storage array. */
export function createArrayFace(world: ArrayWorld, array: string, options: PowerStoreFaceOptions): PowerStoreFace {
  return new PowerStoreFace(array, new WorldArrayBackend(world, array), options);
}

/** All storage arrays of the world. */
export function arrayFace(context: FaceContext): DeviceGroupFace {
  const { world } = context;
  return new DeviceGroupFace(context, {
    name: 'array',
    kind: 'array',
    devices: Object.keys(world.state.arrays),
    hasCredential: true,
    make: (device, options) => createArrayFace(world, device, options),
  });
}
