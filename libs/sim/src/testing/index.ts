/** For tests of other projects: small worlds, and single device faces that can be started with faults of their own. */
export { createArrayFace, type PowerStoreFaceOptions } from '../faces/array/index.js';
export { createFabricFace, type FosFace, type FosFaceOptions } from '../faces/fabric/index.js';
export { createSwitchFace, type OvsdbFace } from '../faces/switch/index.js';
export * from './small-world.js';
