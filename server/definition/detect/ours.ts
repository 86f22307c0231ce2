/**
 * Which files are definitions of ours. Other tools use the same names (Tekton, Kubeflow, Azure ML, Ploomber all have a
 * `pipeline.yaml`), so that a name only makes a file a candidate and its content decides. Everything that has to know
 * asks here: the project, and through it lint, the editor and every view.
 */
import type { FileKind } from '../definition.js';
import type { Candidate } from '../dialects/dialect.js';
import { DIALECTS } from '../dialects/index.js';
import { topOf } from './top-level.js';
import type { Top } from './top-level.js';

export interface Identity {
  /** `undefined`: not ours. */
  readonly kind: FileKind | undefined;
  /** The file has a name of ours and isn't taken: what it would have been, and because of what, in Markdown. */
  readonly refused?: { readonly as: FileKind; readonly because: string };
}

const ALL = Object.values(DIALECTS);

/**
 * What kind of definition a file is, by its name and its content. Linear in the text, which is searched and, but for rare
 * doubt, not parsed.
 *
 * @param path with `/` or `\` between names
 */
export function identify(path: string, text: string): Identity {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  if (!/\.ya?ml$/i.test(name)) return { kind: undefined };
  const file = candidate(name, text);
  const named = ALL.find(({ detect }) => detect.named(file));
  if (named === undefined) return { kind: ALL.find(({ detect }) => detect.content?.(file) === true)?.kind };
  const because = named.detect.against?.(file);
  return because === undefined
    ? { kind: named.kind }
    : { kind: undefined, refused: { as: named.kind, because } };
}

function candidate(name: string, text: string): Candidate {
  let top: Top | undefined;
  return {
    name,
    stem: name.toLowerCase().replace(/\.ya?ml$/, ''),
    text,
    get top() {
      return (top ??= topOf(text));
    },
  };
}

/** The kind alone: see `identify`. */
export function detectKind(path: string, text: string): FileKind | undefined {
  return identify(path, text).kind;
}

/** What a kind of file is called in a sentence. */
export function wordFor(kind: FileKind): string {
  return DIALECTS[kind].word;
}
