/** Params of a pipeline: short form, long form and groups, and whether defaults fit their own conditions. */
import { compareNumbers } from '../../base/numeral.js';
import type { MapEntry } from '../../syntax/tree.js';
import type { Json, Param, ParamType, StructuralProblem } from '../definition.js';
import { MAX_GROUPS, paramForm } from '../params/form.js';
import { PARAM_TYPES } from '../params/types.js';
import { paramValue, problemOfDefault, typeOfWritten } from '../params/values.js';
import type { PatternBudget } from '../text/pattern.js';
import { entriesOf, field, given, itemsOf, jsonOf, numeralOf, scalarOf, textOf, wordOf } from './read.js';
import type { Maybe } from './read.js';

/**
 * The params of one entry of `params`: one, or those of a group, which are called `group.name`.
 *
 * @param patterns what matching defaults with patterns may still cost
 */
export function readParams(
  entry: MapEntry,
  problems: StructuralProblem[],
  patterns: PatternBudget,
  groups: readonly string[] = [],
): readonly Param[] {
  const path = [...groups, entry.key.text];
  if (paramForm(entry.value) === 'group' && groups.length < MAX_GROUPS) {
    return entriesOf(entry.value).flatMap((one) => readParams(one, problems, patterns, path));
  }
  return [readParam(entry, path.join('.'), problems, patterns)];
}

function readParam(
  entry: MapEntry,
  name: string,
  problems: StructuralProblem[],
  patterns: PatternBudget,
): Param {
  const node = entry.value;
  const base = { name, nameSpan: entry.key.span, span: entry.span };
  if (paramForm(node) !== 'long') {
    const value = jsonOf(node);
    return { ...base, type: typeOfWritten(value), default: { value, span: node?.span ?? entry.key.span } };
  }
  const defaultNode = field(node, 'default');
  const choices =
    field(node, 'choices')?.kind === 'sequence' ? itemsOf(field(node, 'choices')).map(jsonOf) : undefined;
  const declared = wordOf(field(node, 'type'), PARAM_TYPES);
  const type = declared ?? inferred(defaultNode, choices);
  const hasDefault = entriesOf(node).find(({ key }) => key.text === 'default');
  const param: Param = {
    ...base,
    type,
    ...(declared === undefined && hasDefault === undefined && choices === undefined
      ? { untyped: true as const }
      : {}),
    ...(hasDefault === undefined
      ? {}
      : {
          default: {
            value: valueOf(defaultNode, type),
            span: defaultNode?.span ?? hasDefault.key.span,
          },
        }),
    ...given('description', textOf(field(node, 'description'))),
    ...given('minimum', numeralOf(field(node, 'minimum'))),
    ...given('maximum', numeralOf(field(node, 'maximum'))),
    ...given(
      'choices',
      choices === undefined ? undefined : itemsOf(field(node, 'choices')).map((item) => valueOf(item, type)),
    ),
    ...given('pattern', textOf(field(node, 'pattern'))),
  };
  checkDefault(param, problems, patterns);
  return param;
}

/** Choices say more than a default: `{ choices: [0, 0.5], default: 0 }` is a number. */
function inferred(defaultNode: Maybe, choices: readonly Json[] | undefined): ParamType {
  const types = new Set(choices?.filter((choice) => choice !== null).map(typeOfWritten));
  if (types.size === 0) return typeOfWritten(jsonOf(defaultNode));
  const [only] = types;
  if (types.size === 1 && only !== undefined) return only;
  return [...types].every((type) => type === 'integer' || type === 'number') ? 'number' : 'string';
}

/** A text may look like a number to YAML: `{ type: string, default: 1.10 }` is "1.10". */
function valueOf(node: Maybe, type: ParamType): Json {
  const scalar = scalarOf(node);
  return type === 'string' && scalar !== undefined ? scalar.text : jsonOf(node);
}

function checkDefault(param: Param, problems: StructuralProblem[], patterns: PatternBudget): void {
  const { minimum, maximum } = param;
  if (minimum !== undefined && maximum !== undefined && compareNumbers(minimum, maximum) > 0) {
    problems.push({
      code: 'value',
      span: param.nameSpan,
      message: `No value fits "${param.name}": its minimum ${String(minimum)} is above its maximum ${String(maximum)}.`,
    });
    return;
  }
  if (param.default === undefined) return;
  const read = paramValue(param, param.default.value, { texts: false, patterns });
  if (read.ok) return;
  problems.push({
    code: 'param-default',
    span: param.default.span,
    message: `The default of "${param.name}" ${problemOfDefault(param, read.problem)}`,
  });
}
