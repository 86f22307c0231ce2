/** The settings of a `register` task. */
import type { SyntaxNode } from '../../syntax/tree.js';
import { conditionOf } from './conditions.js';
import type { Conditions } from './conditions.js';
import type { MetadataEntry, MetadataValue, RegisterAction, Signature, Threshold } from '../definition.js';
import {
  START,
  entriesOf,
  envOf,
  field,
  given,
  jsonOf,
  mapOf,
  numberOf,
  templateOf,
  templatesOf,
  textOf,
} from './read.js';
import type { Maybe } from './read.js';

/** Half-written actions are read, too: what is missing is an empty text, and the structural check has told it. */
export function readRegister(node: Maybe, conditions: Conditions): RegisterAction {
  const missing = { text: '', span: node?.span ?? START };
  const signature = field(node, 'signature');
  return {
    kind: 'register',
    model: templateOf(field(node, 'model')) ?? missing,
    from: templateOf(field(node, 'from')) ?? missing,
    aliases: templatesOf(field(node, 'aliases')),
    tags: envOf(field(node, 'tags')),
    ...given('description', templateOf(field(node, 'description'))),
    ...given('framework', textOf(field(node, 'framework'))),
    ...given('when', conditionOf(field(node, 'when'), conditions)),
    ...given('compareTo', templateOf(field(node, 'compare-to'))),
    thresholds: readThresholds(field(node, 'thresholds')),
    ...given('signature', mapOf(signature) === undefined ? undefined : readSignature(signature)),
    metadata: readMetadata(field(node, 'metadata')),
    written: Object.fromEntries(entriesOf(node).map(({ key, value }) => [key.text, jsonOf(value)])),
  };
}

function readThresholds(node: Maybe): Threshold[] {
  return entriesOf(node).map((entry) => ({
    metric: entry.key.text,
    span: entry.key.span,
    ...given('min', numberOf(field(entry.value, 'min'))),
    ...given('max', numberOf(field(entry.value, 'max'))),
    ...given('maxLoss', numberOf(field(entry.value, 'max-loss'))),
    ...given('maxGain', numberOf(field(entry.value, 'max-gain'))),
  }));
}

export function readSignature(node: Maybe): Signature {
  const columns = (key: string): Signature['inputs'] =>
    entriesOf(field(node, key)).map((entry) => ({
      name: entry.key.text,
      type: textOf(entry.value) ?? 'string',
    }));
  return { inputs: columns('inputs'), outputs: columns('outputs') };
}

export function readMetadata(node: Maybe): MetadataEntry[] {
  return entriesOf(node).map((entry) => ({ name: entry.key.text, value: readValue(entry.value) }));
}

function readValue(node: SyntaxNode | null): MetadataValue {
  if (node === null) return { kind: 'value', value: null };
  switch (node.kind) {
    case 'map':
      return { kind: 'map', entries: readMetadata(node) };
    case 'sequence':
      return { kind: 'list', items: node.items.map(readValue) };
    default: {
      const text = templateOf(node);
      return text?.template === undefined ? { kind: 'value', value: jsonOf(node) } : { kind: 'text', text };
    }
  }
}
