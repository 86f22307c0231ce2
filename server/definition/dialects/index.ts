/** Every kind of definition file. A new one is a folder here and a line below; the compiler names what is missing. */
import type { FileKind } from '../definition.js';
import type { Definition, Dialect } from './dialect.js';
import { dvcDialect } from './dvc/dialect.js';
import { featuresDialect } from './features.js';
import { pipelineDialect } from './pipeline.js';
import { projectDialect } from './project.js';

type Dialects = { readonly [K in FileKind]: Dialect<Extract<Definition, { readonly kind: K }>> };

export const DIALECTS: Dialects = {
  project: projectDialect,
  pipeline: pipelineDialect,
  features: featuresDialect,
  dvc: dvcDialect,
};
