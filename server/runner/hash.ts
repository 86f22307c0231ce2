/** Content hashes, as the runner's parts know them: the stores need them too, and may not ask the runner. */
export * from '../stores/hash.js';
