/** Params as people answer them: texts, as `--param` takes them. Whether they fit is the language server's word. */
import { plain } from '../../server/base/format.js';
import type { ParamSummary } from '../../server/protocol/index.js';

/** Values by the names of params, as typed. */
export type ParamTexts = Readonly<Record<string, string>>;

/** Whether a run can't start without an answer. */
export function isRequired(param: ParamSummary): boolean {
  return param.default === undefined && param.optional !== true;
}

/** What is in force beside a param's name: `0.2 (default 0.1)`. */
export function paramNow(param: ParamSummary, own: string | undefined): string {
  const { default: preset } = param;
  if (own === undefined) return preset === undefined ? missing(param) : text(preset, 60);
  const usual = preset === undefined ? (param.optional === true ? 'none' : undefined) : text(preset, 40);
  return `${text(own, 60)}${usual === undefined ? '' : ` (default ${usual})`}`;
}

function missing(param: ParamSummary): string {
  return param.optional === true ? 'none' : '(needed)';
}

/** An empty text can be seen. */
function text(value: string, limit: number): string {
  return value === '' ? '""' : plain(value, limit);
}

/** What to ask for a param, in words: `Learning rate. A number, or empty for none.` */
export function paramPrompt({ description, type, optional }: ParamSummary): string {
  const kind = { integer: 'An integer', number: 'A number', list: 'A JSON list', object: 'A JSON object' };
  const words = Object.hasOwn(kind, type) ? kind[type as keyof typeof kind] : 'Text';
  const what = `${words}${optional === true ? ', or empty for none' : ''}.`;
  if (description === undefined) return what;
  const said = plain(description);
  return `${said}${/[.!?]$/.test(said) ? '' : '.'} ${what}`;
}

/**
 * Values with one more answer. What says the same as the default is no answer of its own, nor is an empty one where
 * nothing may be.
 */
export function withAnswer(values: ParamTexts, param: ParamSummary, answer: string): ParamTexts {
  const others = Object.entries(values).filter(([name]) => name !== param.name);
  const nothing = param.optional === true && answer === '';
  const own = nothing || answer === param.default ? [] : [[param.name, answer] as const];
  return Object.fromEntries([...others, ...own]);
}

/** `--param` arguments of the command line. Texts go as they are; what tasks.json holds besides as JSON. */
export function paramArguments(params: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(params).flatMap(([name, value]) => [
    '--param',
    `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  ]);
}

/** Why a name can't be a pipeline's, as `modelyard/template` will write it; `undefined` when it can. */
export function nameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'A name is needed.';
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(name))
    return 'A name starts with a letter and holds letters, digits, - and _ only.';
  if (name.length > 100) return 'At most 100 characters are allowed.';
  return undefined;
}
