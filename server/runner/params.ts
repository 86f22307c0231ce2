/** Values of params for one run: defaults, then what `--param` says, checked against what the definition asks. */
import type { Json, Param, Pipeline } from '../model/definition.js';
import { matchesPattern } from '../model/pattern.js';

export type ParamsResult =
  | { readonly ok: true; readonly values: Readonly<Record<string, Json>> }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * @param given values as text (`--param k=v`) or already typed (a resumed run's).
 * @param suggest words like a mistyped one, the most likely first.
 */
export function resolveParams(
  pipeline: Pipeline,
  given: Readonly<Record<string, Json>>,
  suggest: (word: string, candidates: readonly string[]) => readonly string[],
): ParamsResult {
  const problems: string[] = [];
  const values: Record<string, Json> = {};
  const names = pipeline.params.map((param) => param.name);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const like = suggest(name, names)[0];
    const known = names.length === 0 ? `${pipeline.name} has no params` : `known: ${names.join(', ')}`;
    problems.push(
      `there is no param "${name}"${like === undefined ? '' : `, did you mean "${like}"?`} (${known})`,
    );
  }
  for (const param of pipeline.params) {
    const value = Object.hasOwn(given, param.name) ? given[param.name] : undefined;
    if (value === undefined) {
      if (param.default === undefined) {
        problems.push(
          `param "${param.name}" is required: give it with --param ${param.name}=<${param.type}>`,
        );
      } else values[param.name] = param.default.value;
      continue;
    }
    const typed = convert(param, value);
    if (!typed.ok) problems.push(`param "${param.name}": ${typed.problem}`);
    else values[param.name] = typed.value;
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, values };
}

type Converted =
  { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problem: string };

function convert(param: Param, value: Json): Converted {
  const typed = toType(param, value);
  if (!typed.ok) return typed;
  const problem = constraint(param, typed.value);
  return problem === undefined ? typed : { ok: false, problem };
}

function toType(param: Param, value: Json): Converted {
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  const wrong = (what: string): Converted => ({ ok: false, problem: `"${shown}" is not ${what}` });
  switch (param.type) {
    case 'string':
      return { ok: true, value: shown };
    case 'integer':
    case 'number': {
      const number = typeof value === 'string' ? textNumber(value) : value;
      if (typeof number !== 'number' || !Number.isFinite(number)) {
        return wrong(param.type === 'integer' ? 'a whole number' : 'a number');
      }
      if (param.type === 'integer' && !Number.isInteger(number)) return wrong('a whole number');
      return { ok: true, value: number };
    }
    case 'boolean':
      if (value === true || value === 'true') return { ok: true, value: true };
      if (value === false || value === 'false') return { ok: true, value: false };
      return wrong('true or false');
    case 'list':
    case 'object': {
      const json = typeof value === 'string' ? parseJson(value) : value;
      const what = param.type === 'list' ? 'a list in JSON, as [1, 2]' : 'a map in JSON, as {"a": 1}';
      if (typeof json !== 'object' || json === null) return wrong(what);
      return Array.isArray(json) === (param.type === 'list') ? { ok: true, value: json } : wrong(what);
    }
  }
}

function textNumber(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function constraint(param: Param, value: Json): string | undefined {
  if (typeof value === 'number') {
    if (param.minimum !== undefined && value < param.minimum) {
      return `${value} is less than its minimum ${param.minimum}`;
    }
    if (param.maximum !== undefined && value > param.maximum) {
      return `${value} is more than its maximum ${param.maximum}`;
    }
  }
  if (param.choices !== undefined) {
    const text = JSON.stringify(value);
    if (!param.choices.some((choice) => JSON.stringify(choice) === text)) {
      return `${text} is none of ${param.choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
    }
  }
  if (param.pattern !== undefined && typeof value === 'string' && !matchesPattern(param.pattern, value)) {
    return `"${value}" does not match its pattern ${param.pattern}`;
  }
  return undefined;
}
