/**
 * Which files are definitions of ours. Other tools use the same names (Tekton, Kubeflow, Azure ML, Ploomber all have a
 * `pipeline.yaml`), so that a name only makes a file a candidate and its content decides. Everything that has to know
 * asks here: the project, and through it lint, the editor and every view.
 */
import { parseYaml } from '../syntax/parse.js';
import type { SyntaxNode } from '../syntax/tree.js';
import type { FileKind } from './definition.js';
import { similar } from './names.js';
import { ACTION_KINDS, PIPELINE_KINDS, pipelineSchema, taskOptionSchemas } from './schema/pipeline.js';
import { featuresSchema } from './schema/features.js';
import { topOf } from './top-level.js';
import type { Top } from './top-level.js';

export interface Identity {
  /** `undefined`: not ours. */
  readonly kind: FileKind | undefined;
  /** The file has a name of ours and isn't taken: what it would have been, and because of what, in Markdown. */
  readonly refused?: { readonly as: FileKind; readonly because: string };
}

type Named = 'pipeline' | 'features';

/** Keys at the top of a file that tell of another tool, whatever else is there. */
const FOREIGN_KEYS = ['apiVersion', '$schema', 'jobs', 'stages', 'resources', 'on', 'Resources'] as const;

const KEYS: Readonly<Record<Named, readonly string[]>> = {
  pipeline: Object.keys(pipelineSchema.properties),
  features: Object.keys(featuresSchema.properties),
};

const TASK_KEYS: readonly string[] = [...ACTION_KINDS, ...Object.keys(taskOptionSchemas)];

const SERVICE_KEYS = ['features', 'description', 'owner', 'tags'];

const NOT_OURS: Identity = { kind: undefined };

/**
 * What kind of definition a file is, by its name and its content. Linear in the text, which is searched and, but for rare
 * doubt, not parsed.
 *
 * @param path with `/` or `\` between names
 */
export function identify(path: string, text: string): Identity {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).toLowerCase();
  if (!/\.ya?ml$/.test(name)) return NOT_OURS;
  const stem = name.replace(/\.ya?ml$/, '');
  if (stem === 'modelyard') return { kind: 'project' };
  const named = namedKind(stem);
  if (named === undefined) return identifyByContent(text);
  const top = topOf(text);
  const because =
    againstWords(top, KEYS[named]) ??
    (named === 'pipeline' ? againstPipeline(top, text) : againstFeatures(top, text));
  return because === undefined ? { kind: named } : { kind: undefined, refused: { as: named, because } };
}

/** The kind alone: see `identify`. */
export function detectKind(path: string, text: string): FileKind | undefined {
  return identify(path, text).kind;
}

function namedKind(stem: string): Named | undefined {
  if (stem === 'pipeline' || stem.endsWith('.pipeline')) return 'pipeline';
  return stem === 'features' || stem.endsWith('.features') ? 'features' : undefined;
}

/** A file with any other name has to say more: what two tools are unlikely to have in common. */
function identifyByContent(text: string): Identity {
  const pipeline =
    /^tasks[ \t]*:/m.test(text) &&
    /^kind[ \t]*:[ \t]*["']?(?:model-build|app-build|deployment)\b/m.test(text);
  if (pipeline) return { kind: 'pipeline' };
  if (!/^entities[ \t]*:/m.test(text) || !/^views[ \t]*:/m.test(text)) return NOT_OURS;
  const top = topOf(text);
  return foreignSign(top) === undefined ? { kind: 'features' } : NOT_OURS;
}

/** Text without keys is only ours while the first key is being written. */
function againstWords({ list, words }: Top, known: readonly string[]): string | undefined {
  if (list || words === undefined) return undefined;
  const begun = words.length > 1 ? similar(words, known).length > 0 : false;
  return begun || known.some((key) => key.startsWith(words)) ? undefined : 'its text without keys';
}

/** What speaks against a file with a pipeline's name; `undefined`: it is ours. */
function againstPipeline(top: Top, text: string): string | undefined {
  const kind = top.keys.get('kind');
  if (kind?.scalar !== undefined && PIPELINE_KINDS.some((one) => one === kind.scalar)) return undefined;
  const sign = foreignSign(top);
  if (sign !== undefined) return sign;
  const tasks = top.keys.get('tasks');
  if (tasks?.shape === 'list') return 'its list of `tasks`';
  const unknown = unknownKeys(top, KEYS.pipeline);
  if (tasks !== undefined && tasks.shape !== 'scalar') {
    return unknown.length === 0 || hasEntryOfOurs(text, 'tasks', TASK_KEYS)
      ? undefined
      : `\`${unknown[0] ?? ''}\``;
  }
  if (unknown[0] !== undefined) return `\`${unknown[0]}\``;
  return kind?.scalar === undefined || meansKind(kind.scalar) ? undefined : `\`kind: ${kind.scalar}\``;
}

function againstFeatures(top: Top, text: string): string | undefined {
  const sign = foreignSign(top);
  if (sign !== undefined) return sign;
  if (top.keys.has('entities') || top.keys.has('views')) return undefined;
  const unknown = unknownKeys(top, KEYS.features);
  if (unknown[0] !== undefined) return `\`${unknown[0]}\``;
  // Compose has `services`, too.
  return !top.keys.has('services') || hasEntryOfOurs(text, 'services', SERVICE_KEYS)
    ? undefined
    : 'its `services`, which have no `features`';
}

/** A sure sign of another tool. */
function foreignSign(top: Top): string | undefined {
  const key = FOREIGN_KEYS.find((one) => top.keys.has(one));
  if (key !== undefined) return `\`${key}\``;
  if (top.list) return 'its list at the top';
  return top.tag === undefined ? undefined : `its tag \`${top.tag}\``;
}

/** Keys at the top that are neither ours, nor a slip of one of ours, nor anybody's own (`x-…`). */
function unknownKeys(top: Top, known: readonly string[]): string[] {
  return [...top.keys.keys()].filter(
    (key) => !known.includes(key) && !isExtensionKey(key) && similar(key, known).length === 0,
  );
}

function isExtensionKey(key: string): boolean {
  return key.startsWith('x-') || key === '<<';
}

/** Whether a kind is one of ours, misspelt or not yet written to the end. */
function meansKind(written: string): boolean {
  return (
    PIPELINE_KINDS.some((one) => one.startsWith(written.toLowerCase())) ||
    similar(written, PIPELINE_KINDS).length > 0
  );
}

/** Whether a map at the top may be ours: something in it has a key of ours, or nothing in it has keys yet. */
function hasEntryOfOurs(text: string, top: string, known: readonly string[]): boolean {
  const { root } = parseYaml(text);
  const entries = valuesOf(valuesOf(root).find(([key]) => key === top)?.[1]);
  const keys = entries.flatMap(([, entry]) => valuesOf(entry).map(([key]) => key));
  return keys.length === 0 || keys.some((key) => known.includes(key) || similar(key, known).length > 0);
}

function valuesOf(node: SyntaxNode | null | undefined): readonly (readonly [string, SyntaxNode | null])[] {
  return node?.kind === 'map' ? node.entries.map(({ key, value }) => [key.text, value] as const) : [];
}

/** What a kind of file is called in a sentence. */
export function wordFor(kind: FileKind): string {
  return { pipeline: 'pipeline', features: 'features file', project: 'project file' }[kind];
}
