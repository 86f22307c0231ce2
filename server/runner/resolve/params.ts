/** Values of params for one run: defaults, then what `--param` says, checked against what the definition asks. */
import type { Json, Pipeline } from '../../definition/definition.js';
import { flatParams, paramValue, problemOfGiven } from '../../definition/params/values.js';

export type ParamsResult =
  /** Those of groups as `group.name`. */
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
  const values = new Map<string, Json>();
  const names = pipeline.params.map((param) => param.name);
  const flat = flatParams(pipeline, given);
  for (const name of flat.keys()) {
    if (names.includes(name)) continue;
    const like = suggest(name, names)[0];
    const known = names.length === 0 ? `${pipeline.name} has no params` : `known: ${names.join(', ')}`;
    const group = names.some((one) => one.startsWith(`${name}.`)) ? ', it is a group of params' : '';
    problems.push(
      `there is no param "${name}"${group}${like === undefined ? '' : `, did you mean "${like}"?`} (${known})`,
    );
  }
  for (const param of pipeline.params) {
    const value = flat.get(param.name);
    if (value === undefined) {
      if (param.default !== undefined) values.set(param.name, param.default.value);
      else {
        problems.push(
          `param "${param.name}" is required: give it with --param ${param.name}=<${param.type}>`,
        );
      }
      continue;
    }
    const read = paramValue(param, value, { texts: true });
    if (read.ok) values.set(param.name, read.value);
    else problems.push(`param "${param.name}": ${problemOfGiven(param, read.problem)}`);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, values: Object.fromEntries(values) };
}
