/** Asking for params: which are missing, whether an answer fits, and what the command line gets. */
import { shown } from '../../media/webviews/shared/format.js';
import type { PipelineSummary } from '../../server/protocol.js';

export type ParamSummary = PipelineSummary['params'][number];

/** A value as typed, or why it can't be one. */
export type ParsedParam =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

/** Params that have no default. */
export function requiredParams(pipeline: PipelineSummary): readonly ParamSummary[] {
  return pipeline.params.filter((param) => param.default === undefined);
}

function refuse(message: string): ParsedParam {
  return { ok: false, message };
}

function parseByType(type: string, text: string): ParsedParam {
  const word = text.trim();
  switch (type) {
    case 'integer':
      return /^[+-]?\d+$/.test(word) && Number.isSafeInteger(Number(word))
        ? { ok: true, value: Number(word) }
        : refuse('An integer is needed, such as 42.');
    case 'number':
      return word !== '' && Number.isFinite(Number(word))
        ? { ok: true, value: Number(word) }
        : refuse('A number is needed, such as 0.5 or 1e-3.');
    case 'boolean':
      if (word === 'true' || word === 'false') return { ok: true, value: word === 'true' };
      return refuse('true or false is needed.');
    case 'list':
    case 'object': {
      const sample = type === 'list' ? '[1, 2, 3]' : '{"depth": 3}';
      try {
        const value: unknown = JSON.parse(word);
        const fits = type === 'list' ? Array.isArray(value) : isObject(value);
        return fits ? { ok: true, value } : refuse(`A JSON ${type} is needed, such as ${sample}.`);
      } catch {
        return refuse(`A JSON ${type} is needed, such as ${sample}.`);
      }
    }
    default:
      return { ok: true, value: text };
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    // A pattern that is none is reported by the language server; it must not keep anyone from answering.
    return true;
  }
}

/** Reads what a person typed for a param, by its type, bounds, choices and pattern. */
export function parseParam(param: ParamSummary, text: string): ParsedParam {
  const parsed = parseByType(param.type, text);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  if (typeof value === 'number') {
    if (param.minimum !== undefined && value < param.minimum)
      return refuse(`At least ${param.minimum} is needed.`);
    if (param.maximum !== undefined && value > param.maximum)
      return refuse(`At most ${param.maximum} is allowed.`);
  }
  if (param.choices && !param.choices.some((choice) => JSON.stringify(choice) === JSON.stringify(value)))
    return refuse(`One of ${param.choices.map((choice) => shown(choice, 40)).join(', ')} is needed.`);
  if (typeof value === 'string' && param.pattern !== undefined && !matches(param.pattern, value))
    return refuse(`It has to match ${param.pattern}.`);
  return parsed;
}

/** A value as a person would type it. */
export function paramText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Remembered values that still name a param of the pipeline and still fit it. */
export function stillValid(
  pipeline: PipelineSummary,
  remembered: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const valid: Record<string, unknown> = {};
  for (const param of pipeline.params) {
    if (!Object.hasOwn(remembered, param.name)) continue;
    const parsed = parseParam(param, paramText(remembered[param.name]));
    if (parsed.ok) valid[param.name] = parsed.value;
  }
  return valid;
}

/** `--param` arguments of the command line. */
export function paramArguments(params: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${paramText(value)}`]);
}

/** Why a name can't be a pipeline's, as `modelyard/template` will write it; `undefined` when it can. */
export function nameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'A name is needed.';
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(name))
    return 'A name starts with a letter and holds letters, digits, - and _ only.';
  if (name.length > 100) return 'At most 100 characters are allowed.';
  return undefined;
}
