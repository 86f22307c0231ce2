/** What a scalar is to ruamel, the YAML 1.2 reader of Python's tools: it knows dates, and `_` in numbers. */
import type { ScalarNode } from '../../syntax/tree.js';

export type YamlType = 'text' | 'null' | 'boolean' | 'integer' | 'float' | 'date';

const INTEGER = /^(?:[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const DATE =
  /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/;

/** What our own reader takes for something else than a text, too: where it gave a text, a tag (`!!str 3`) has said so. */
const RESOLVED = /^(?:~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?\d+|[-+]?\d+\.\d+)$/;

export function yamlType({ text, value, style }: ScalarNode): YamlType {
  if (style !== 'plain' || (typeof value === 'string' && RESOLVED.test(text))) return 'text';
  if (/^(?:~|null|Null|NULL|)$/.test(text)) return 'null';
  if (/^(?:true|True|TRUE|false|False|FALSE)$/.test(text)) return 'boolean';
  if (/^[-+0-9]/.test(text) && /\d/.test(text) && INTEGER.test(text)) return 'integer';
  if (FLOAT.test(text)) return 'float';
  return DATE.test(text) ? 'date' : 'text';
}
