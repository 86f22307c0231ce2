/** Where the runner's modules find the index of hashes. */
export * from '../stores/hash-index.js';
