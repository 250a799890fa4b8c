export * from './access-book.js';
export * from './estate.js';
export * from './scaled-clock.js';
export * from './start-simulation.js';
export * from './world-store.js';
