/** One schema per kind of file: the source of static types, structural checks, completion, hover and JSON Schema. */
import type { TSchema } from '@sinclair/typebox';
import type { FileKind, Json } from '../definition.js';
import { DIALECTS } from '../dialects/index.js';
import { featuresSchema } from './features.js';
import { HINT } from './hint.js';
import { pipelineSchema } from './pipeline.js';
import { projectSchema } from './project.js';

export { featuresSchema, pipelineSchema, projectSchema };
export { schemaAt } from './info.js';
export type { KeyInfo, SchemaInfo } from './info.js';

export function schemaOf(kind: FileKind): TSchema {
  return DIALECTS[kind].schema;
}

/** The schema as JSON Schema draft-07, the newest that editors' YAML support reads in full. */
export function jsonSchemaOf(kind: FileKind): Json {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...(plain(schemaOf(kind)) as Record<string, Json>),
  };
}

/** Without our own keyword and TypeBox's symbols. Closed maps take `x-…` keys, as the checks do. */
function plain(value: unknown): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    const isClosedMap =
      'additionalProperties' in value &&
      value.additionalProperties === false &&
      'properties' in value &&
      !('patternProperties' in value);
    return {
      ...Object.fromEntries(
        Object.entries(value)
          .filter(([name]) => name !== HINT)
          .map(([name, item]) => [name, plain(item)]),
      ),
      ...(isClosedMap ? { patternProperties: { '^x-': {} } } : {}),
    };
  }
  return value as Json;
}
