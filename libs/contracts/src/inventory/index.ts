export * from './association.js';
export * from './servers-and-profiles.js';
export * from './views.js';
