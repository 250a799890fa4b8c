export * from './control-face.js';
export * from './control-routes.js';
export * from './physical-faults.js';
