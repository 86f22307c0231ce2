/**
 * What reads definitions, for `run-program.ts`: a bundle of its own, because a run of an unchanged pipeline needs none of
 * it. It keeps its own copies of what both bundles use; so only data may cross, and no class that the other one tells by
 * `instanceof`.
 */
export * from './compile.js';
export * from './open-project.js';
export * from './passed-over.js';
export * from '../project/project.js';
export * from '../project/texts.js';
export * from '../runner/dvc/open.js';
export * from '../syntax/parse.js';
