/** Completion of keys, and of whole tasks and pipelines where a name of one's own is asked for. */
import { defined } from '../../base/defined.js';
import type { KeyInfo, SchemaInfo } from '../../definition/schema/index.js';
import { parametersOfCall, taskOf } from '../hover/describe.js';
import {
  FEATURES_SNIPPETS,
  PIPELINE_SNIPPETS,
  SECTION_SNIPPETS,
  STAGE_SNIPPETS,
  type Snippet,
  TASK_SNIPPETS,
} from './snippets.js';
import type { Slot } from './slot.js';
import type { Completion, IdeContext } from '../types.js';

/** Keys of the map that are not there yet; required ones first. */
export function completeKeys(context: IdeContext, slot: Slot, info: SchemaInfo): Completion[] {
  const items = info.keys.map((key, index) => keyItem(key, slot, index));
  items.push(...callParams(context, slot));
  for (const snippet of snippetsFor(context, slot)) items.push(snippetItem(snippet, slot, items.length));
  return items;
}

function keyItem(key: KeyInfo, slot: Slot, index: number): Completion {
  const whole = !slot.colon && slot.quote === undefined;
  const text = slot.flow ? `${key.name}: $0` : key.snippet;
  const notes = [
    key.description,
    `*${key.type}*${key.default === undefined ? '' : `, default \`${JSON.stringify(key.default)}\``}`,
  ];
  return {
    label: key.name,
    kind: 'key',
    detail: key.required ? 'required' : key.type,
    documentation: notes.filter((note) => note !== '').join('\n\n'),
    span: slot.word,
    newText: whole ? indented(text, slot.indent) : key.name,
    snippet: whole,
    sortText: `${key.required ? '0' : '1'}${String(index).padStart(3, '0')}`,
    ...(whole ? { again: true } : {}),
  };
}

/** The params of the pipeline that a `pipeline:` task calls. */
function callParams(context: IdeContext, slot: Slot): Completion[] {
  const [tasks, task, action, params] = slot.path;
  if (tasks !== 'tasks' || action !== 'pipeline' || params !== 'params' || slot.path.length !== 4) return [];
  return parametersOfCall(context, taskOf(context, task))
    .filter((param) => !slot.siblings.includes(param.name))
    .map((param) => ({
      label: param.name,
      kind: 'param',
      detail: param.type,
      ...defined({ documentation: param.description }),
      span: slot.word,
      newText: slot.colon ? param.name : `${param.name}: `,
      snippet: false,
      sortText: `${param.default === undefined ? '0' : '1'}${param.name}`,
    }));
}

function snippetsFor({ definition }: IdeContext, slot: Slot): readonly Snippet[] {
  const { kind, tree } = definition;
  if (kind === 'project' || slot.flow || slot.colon) return [];
  if (kind === 'dvc') return slot.path.length === 1 && slot.path[0] === 'stages' ? STAGE_SNIPPETS : [];
  if (slot.path.length === 0) {
    const empty = tree.root === null || (tree.root.kind === 'scalar' && slot.siblings.length === 0);
    return empty ? (kind === 'pipeline' ? PIPELINE_SNIPPETS : FEATURES_SNIPPETS) : [];
  }
  if (slot.path.length !== 1) return [];
  const [section] = slot.path;
  if (kind === 'pipeline') return section === 'tasks' ? TASK_SNIPPETS : [];
  return SECTION_SNIPPETS[String(section)] ?? [];
}

function snippetItem(snippet: Snippet, slot: Slot, index: number): Completion {
  return {
    label: snippet.label,
    kind: 'snippet',
    detail: snippet.detail,
    documentation: `\`\`\`yaml\n${plainSnippet(snippet.body)}\n\`\`\``,
    span: slot.word,
    newText: indented(snippet.body, slot.indent),
    snippet: true,
    sortText: `3${String(index).padStart(3, '0')}`,
    filterText: `${snippet.label} ${snippet.detail}`,
  };
}

/** A snippet as it will look. */
function plainSnippet(body: string): string {
  return body
    .replace(/\$\{\d+\|([^,|]*)[^}]*\}/g, '$1')
    .replace(/\$\{\d+:([^}]*)\}/g, '$1')
    .replace(/(?<!\\)\$\d/g, '')
    .replace(/\\([$}\\])/g, '$1');
}

function indented(text: string, indent: string): string {
  return text.replaceAll('\n', `\n${indent}`);
}
