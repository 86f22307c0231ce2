/** One schema per kind of file: the source of static types, structural checks, completion, hover and JSON Schema. */
import type { TSchema } from '@sinclair/typebox';
import type { FileKind } from '../definition.js';
import { DIALECTS } from '../dialects/index.js';
import { featuresSchema } from './features.js';
import { pipelineSchema } from './pipeline.js';
import { projectSchema } from './project.js';

export { featuresSchema, pipelineSchema, projectSchema };
export { schemaAt } from './info.js';
export type { KeyInfo, SchemaInfo } from './info.js';

export function schemaOf(kind: FileKind): TSchema {
  return DIALECTS[kind].schema;
}
