/**
 * The simulated data centre: a world that is true by itself (electrons, adapters, links, zones, masks, writes), faces
 * that speak the real protocols over sockets, checkers that hold the safety invariants against the world after every
 * hardware event, and faults that can be planted everywhere. Drivers cannot tell it from hardware.
 */
export * from './checkers/index.js';
export * from './control/index.js';
export * from './estate/index.js';
export * from './face.js';
export * from './faces/registry.js';
export * from './faults/fault-book.js';
export * from './simulation/index.js';
export * from './site/index.js';
export * from './world/index.js';
