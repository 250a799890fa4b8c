export * from './build-world.js';
export * from './load-site.js';
export * from './models.js';
export * from './site-schema.js';
