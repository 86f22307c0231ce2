/** Examples of rules as plain texts: their marks taken out, with what was marked. */
import type { Span } from '../syntax/tree.js';
import type { Example } from './rule.js';

/** The name of an example that is a text alone. */
export const EXAMPLE_PATH = 'example.pipeline.yaml';

/** `modelyard.yaml` of examples that deploy. */
export const EXAMPLE_ENVIRONMENTS = {
  'modelyard.yaml': 'environments: { staging: {}, production: {} }\n',
} as const;

/** A pipeline that deploys, beside settings that say where to. */
export function deploying(pipeline: string): Readonly<Record<string, string>> {
  return { [EXAMPLE_PATH]: pipeline, ...EXAMPLE_ENVIRONMENTS };
}

export interface PlainExample {
  /** The file that is checked. */
  readonly path: string;
  /** All definitions, without marks. */
  readonly files: Readonly<Record<string, string>>;
  /** What is marked in the checked file, in the order of the text. */
  readonly marked: readonly Span[];
}

export function plainExample(example: Example): PlainExample {
  const given = typeof example.files === 'string' ? { [EXAMPLE_PATH]: example.files } : example.files;
  const path = Object.keys(given)[0] ?? EXAMPLE_PATH;
  const files: Record<string, string> = {};
  let marked: readonly Span[] = [];
  for (const [name, text] of Object.entries(given)) {
    const plain = unmark(text);
    files[name] = plain.text;
    if (name === path) marked = plain.spans;
  }
  return { path, files, marked };
}

/** Takes `«` and `»` out of a text; they may be nested. */
export function unmark(text: string): { text: string; spans: Span[] } {
  let plain = '';
  const spans: Span[] = [];
  const open: number[] = [];
  for (const character of text) {
    if (character === '«') open.push(plain.length);
    else if (character === '»') spans.push({ start: open.pop() ?? 0, end: plain.length });
    else plain += character;
  }
  spans.sort((a, b) => a.start - b.start || a.end - b.end);
  return { text: plain, spans };
}
