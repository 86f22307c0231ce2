/**
 * What reads definitions, for `run-program.ts`: a bundle of its own, because a run of an unchanged pipeline needs none of
 * it. It keeps its own copies of what both bundles use; so only data may cross, and no class that the other one tells by
 * `instanceof`.
 */
export * from './load/compile.js';
export * from './load/open-project.js';
export * from './load/passed-over.js';
export * from '../project/project.js';
export * from '../project/texts.js';
export * from '../runner/dvc/open.js';
export * from '../syntax/parse.js';
export * from '../syntax/toml.js';
