/** Params of pipelines for those who ask people for them: what they are, and whether what was typed fits. */
import { defined } from '../../base/defined.js';
import { display } from '../../base/json.js';
import type { Json, Param, Pipeline } from '../../definition/definition.js';
import { flatParams, isOptional, paramValue, problemOfGiven } from '../../definition/params/values.js';
import type { ParamSummary } from '../../protocol/index.js';
import { InvalidParams } from '../guard.js';

export function paramSummary(param: Param): ParamSummary {
  const { name, type, description } = param;
  const choices = param.choices ?? (type === 'boolean' ? [true, false] : undefined);
  return {
    name,
    type,
    ...(isOptional(param) ? { optional: true } : {}),
    ...(param.default === undefined || param.default.value === null
      ? {}
      : { default: display(param.default.value) }),
    ...defined({ description }),
    ...(choices === undefined
      ? {}
      : { choices: choices.filter((choice) => choice !== null).map((choice) => display(choice)) }),
  };
}

/** The values of a run as `--param` takes them; what is nothing is left out. */
export function paramTexts(values: Readonly<Record<string, Json>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, display(value)]])),
  );
}

/** By name, what is wrong with values as `--param` gives them; what is not named fits. */
export function paramProblems(pipeline: Pipeline, given: unknown): Record<string, string> {
  if (typeof given !== 'object' || given === null || !Object.values(given).every(isText)) {
    throw new InvalidParams('params must be texts by name');
  }
  const problems: [string, string][] = [];
  for (const [name, value] of flatParams(pipeline, given as Readonly<Record<string, string>>)) {
    const param = pipeline.params.find((one) => one.name === name);
    if (param === undefined) problems.push([name, `There is no param ${name}.`]);
    else {
      const read = paramValue(param, value, { texts: true });
      if (!read.ok) problems.push([name, `${problemOfGiven(param, read.problem)}.`]);
    }
  }
  return Object.fromEntries(problems);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
