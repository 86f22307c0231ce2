import type { Param } from '../../definition/definition.js';
import { valueAt } from '../../definition/keys.js';
import { paramValue, problemOfGiven } from '../../definition/params/values.js';
import { jsonOf } from '../../definition/read/read.js';
import { entryOf } from '../../syntax/text.js';
import type { MapNode, ScalarNode, SyntaxNode } from '../../syntax/tree.js';
import { reportUnknown } from '../shared/unknown.js';
import type { Rule, RuleContext } from '../rule.js';

export const unknownPipeline: Rule = {
  id: 'reference/unknown-pipeline',
  severity: 'error',
  summary:
    'A `pipeline` task runs a pipeline that the project does not have, or sets a param that it does not declare, or to a value that the param can not have.',
  docs: `
A \`pipeline\` task runs another pipeline of the project, which is found by its name: the \`name\` in its file, or the file's
name without \`.pipeline.yaml\`. The params that are set have to be declared there, and values have to fit their
types, bounds and choices, as when the run starts.

Nothing is said where the name is an expression, or where two pipelines share the name.

**How to fix it:** Take the name that is suggested.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'all.pipeline.yaml': 'tasks:\n  train:\n    pipeline: { name: rain-train, params: { epochs: 10 } }\n',
        'train.pipeline.yaml':
          'name: rain-train\nparams: { epochs: 200 }\ntasks:\n  train:\n    run: ./train.sh ${{ params.epochs }}\n    outputs: { model: models/rain.json }\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'all.pipeline.yaml': 'tasks:\n  train:\n    pipeline: «rain-trian»\n',
        'train.pipeline.yaml':
          'name: rain-train\ntasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
      },
      messages: ['There is no pipeline "rain-trian" in this project. Did you mean "rain-train"?'],
      fixed: 'tasks:\n  train:\n    pipeline: rain-train\n',
    },
    {
      files: {
        'all.pipeline.yaml':
          'tasks:\n  train:\n    pipeline: { name: rain-train, params: { «epoch»: 10 } }\n',
        'train.pipeline.yaml':
          'name: rain-train\nparams: { epochs: 200 }\ntasks:\n  train:\n    run: ./train.sh ${{ params.epochs }}\n    outputs: { model: models/rain.json }\n',
      },
      messages: ['The pipeline "rain-train" has no param "epoch". Did you mean "epochs"?'],
      fixed: 'tasks:\n  train:\n    pipeline: { name: rain-train, params: { epochs: 10 } }\n',
    },
    {
      files: {
        'all.pipeline.yaml':
          'tasks:\n  train:\n    pipeline: { name: rain-train, params: { epochs: «many» } }\n',
        'train.pipeline.yaml':
          'name: rain-train\nparams: { epochs: 200 }\ntasks:\n  train:\n    run: ./train.sh ${{ params.epochs }}\n    outputs: { model: models/rain.json }\n',
      },
      messages: ['Param "epochs": "many" is not a whole number.'],
    },
  ],
  check(context) {
    // Asked only where a name is wrong: who asks for all names is checked again whenever a pipeline comes or goes.
    let known: readonly string[] | undefined;
    const names = () =>
      (known ??= [...context.project.pipelinesByName.keys()].filter(
        (name) => name !== context.pipeline?.name,
      ));
    for (const task of context.pipeline?.tasks ?? []) {
      if (task.action?.kind !== 'pipeline') continue;
      const call = valueAt(task, 'pipeline');
      const name = call?.kind === 'map' ? entryOf(call, 'name')?.value : call;
      if (isPlainText(name)) checkCall(context, name, call?.kind === 'map' ? call : undefined, names);
    }
  },
};

function isPlainText(node: SyntaxNode | null | undefined): node is ScalarNode {
  return node?.kind === 'scalar' && typeof node.value === 'string' && node.template === undefined;
}

/** @param namesOf gives the names of the pipelines that may be called */
function checkCall(
  context: RuleContext,
  name: ScalarNode,
  call: MapNode | undefined,
  namesOf: () => readonly string[],
): void {
  const { pipelinesByName } = context.project;
  const targets = pipelinesByName.get(name.text) ?? [];
  if (targets.length === 0) {
    reportUnknown(context, { value: name.text, span: name.span }, namesOf(), {
      message: `There is no pipeline "${name.text}" in this project.`,
    });
    return;
  }
  const [target, ...others] = targets;
  const params = entryOf(call, 'params')?.value;
  if (target?.kind !== 'pipeline' || others.length > 0 || params?.kind !== 'map') return;
  if (target.tree.problems.some((problem) => problem.code === 'yaml')) return;
  const declared = target.pipeline.params.map((param) => param.name);
  checkArguments(context, params, '', target.pipeline.params, (key) => {
    reportUnknown(context, { value: key.text, span: key.span }, declared, {
      message: `The pipeline "${name.text}" has no param "${key.text}".`,
      none: ' It has none at all.',
      related: [{ path: target.path, span: target.pipeline.nameSpan, message: 'The pipeline is here.' }],
    });
  });
}

/** The params of a group one by one. */
function checkArguments(
  context: RuleContext,
  map: MapNode,
  group: string,
  params: readonly Param[],
  unknown: (key: ScalarNode) => void,
): void {
  for (const { key, value } of map.entries) {
    const name = `${group}${key.text}`;
    const param = params.find((one) => one.name === name);
    if (param !== undefined) {
      // What an expression gives is known when the task runs.
      if (value === null || holdsExpression(value)) continue;
      const read = paramValue(param, jsonOf(value), { texts: true });
      if (!read.ok) {
        context.report({
          span: value.span,
          message: `Param "${name}": ${problemOfGiven(param, read.problem)}.`,
        });
      }
    } else if (value?.kind === 'map' && params.some((one) => one.name.startsWith(`${name}.`))) {
      checkArguments(context, value, `${name}.`, params, unknown);
    } else unknown(key);
  }
}

function holdsExpression(node: SyntaxNode | null): boolean {
  if (node === null) return false;
  if (node.kind === 'scalar') return node.template !== undefined;
  const below = node.kind === 'sequence' ? node.items : node.entries.map((entry) => entry.value);
  return below.some(holdsExpression);
}
