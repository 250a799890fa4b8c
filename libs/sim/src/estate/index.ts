export * from './documents-of-estate.js';
