/** OVSDB faces of the Ethernet switches of the world; what is simulated is said in `ovsdb-face.ts`. */
import type { FaceContext } from '../../face.js';
import { DeviceGroupFace } from '../device-face.js';
import { OvsdbFace, type OvsdbFaceOptions } from './ovsdb-face.js';
import { WorldSwitchBackend, type SwitchWorld } from './world-switch.js';

export * from './ovsdb-face.js';
export * from './switch-backend.js';
export * from './world-switch.js';

/** The face of one Ethernet switch. */
export function createSwitchFace(world: SwitchWorld, switchName: string, options: OvsdbFaceOptions): OvsdbFace {
  return new OvsdbFace(switchName, new WorldSwitchBackend(world, switchName), options);
}

/** All Ethernet switches of the world, over TLS. */
export function switchFace(context: FaceContext): DeviceGroupFace {
  const { world } = context;
  return new DeviceGroupFace(context, {
    name: 'switch',
    kind: 'switch',
    devices: Object.keys(world.state.switches),
    hasCredential: false,
    make: (device, options) => createSwitchFace(world, device, options),
  });
}
