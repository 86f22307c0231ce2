/** Pipelines, as we write them ourselves. */
import { templateOf } from '../../syntax/expressions/template.js';
import type { MapEntry } from '../../syntax/tree.js';
import type { ParamFile, Pipeline, StructuralProblem } from '../definition.js';
import { written } from '../keys.js';
import { defaultName, similar } from '../names/names.js';
import { paramFilesOf } from '../params/files.js';
import { readParams } from '../read/read-params.js';
import { readTask } from '../read/read-task.js';
import {
  booleanOf,
  entriesOf,
  envFilesOf,
  envOf,
  field,
  given,
  locatedText,
  mapOf,
  pythonOf,
  scalarOf,
  START,
  textOf,
  textsOf,
  wordOf,
} from '../read/read.js';
import { ACTION_KINDS, PIPELINE_KINDS, pipelineSchema, taskOptionSchemas } from '../schema/pipeline.js';
import type { CheckedTree } from '../structure/structure.js';
import type { Candidate, DefinitionBase, Dialect, PipelineDefinition } from './dialect.js';
import { againstWords, foreignSign, hasEntryOfOurs, unknownKey } from './signs.js';

export const pipelineDialect: Dialect<PipelineDefinition> = {
  kind: 'pipeline',
  word: 'pipeline',
  defines: 'a pipeline',
  detect: {
    named: ({ stem }) => stem === 'pipeline' || stem.endsWith('.pipeline'),
    against: (file) => againstWords(file.top, KEYS) ?? againstTop(file),
    // Any other name has to say more: what two tools are unlikely to have in common.
    content: ({ text }) =>
      /^tasks[ \t]*:/m.test(text) &&
      /^kind[ \t]*:[ \t]*["']?(?:model-build|app-build|deployment)\b/m.test(text),
  },
  template: templateOf,
  schema: pipelineSchema,
  read: (base, checked, problems) => ({
    ...base,
    kind: 'pipeline',
    pipeline: readPipeline(base, checked, problems),
  }),
};

const KEYS: readonly string[] = Object.keys(pipelineSchema.properties);

const TASK_KEYS: readonly string[] = [...ACTION_KINDS, ...Object.keys(taskOptionSchemas)];

function againstTop({ top, text }: Candidate): string | undefined {
  const kind = top.keys.get('kind');
  if (kind?.scalar !== undefined && PIPELINE_KINDS.some((one) => one === kind.scalar)) return undefined;
  const sign = foreignSign(top);
  if (sign !== undefined) return sign;
  const tasks = top.keys.get('tasks');
  if (tasks?.shape === 'list') return 'its list of `tasks`';
  const unknown = unknownKey(top, KEYS);
  if (tasks !== undefined && tasks.shape !== 'scalar') {
    return unknown === undefined || hasEntryOfOurs(text, 'tasks', TASK_KEYS) ? undefined : `\`${unknown}\``;
  }
  if (unknown !== undefined) return `\`${unknown}\``;
  return kind?.scalar === undefined || meansKind(kind.scalar) ? undefined : `\`kind: ${kind.scalar}\``;
}

/** Whether a kind is one of ours, misspelt or not yet written to the end. */
function meansKind(word: string): boolean {
  return (
    PIPELINE_KINDS.some((one) => one.startsWith(word.toLowerCase())) ||
    similar(word, PIPELINE_KINDS).length > 0
  );
}

/** Of all defaults of a pipeline. More than a person writes takes; patterns come from files of anybody. */
const PATTERN_BUDGET = 500_000;

function readPipeline(
  { tree, path }: DefinitionBase,
  checked: CheckedTree,
  problems: StructuralProblem[],
): Pipeline {
  const root = mapOf(tree.root);
  const name = scalarOf(field(root, 'name'));
  const patterns = { left: PATTERN_BUDGET };
  const files: ParamFile[] = [];
  const params = entriesOf(field(root, 'params')).flatMap((entry) => {
    const named = paramFilesOf(entry, problems);
    if (named === undefined) return readParams(entry, problems, patterns);
    files.push(...named);
    return [];
  });
  const unitOf = (entry: MapEntry) => (entry.value === null ? undefined : checked.units.get(entry.value));
  const pipeline: Pipeline = {
    path,
    name: name === undefined || name.text === '' ? defaultName(path) : name.text,
    nameSpan: name?.span ?? START,
    kind: wordOf(field(root, 'kind'), PIPELINE_KINDS) ?? 'model-build',
    ...given('description', textOf(field(root, 'description'))),
    params,
    ...(files.length === 0 ? {} : { paramFiles: files }),
    env: envOf(field(root, 'env')),
    ...given('envFiles', envFilesOf(field(root, 'env-file'))),
    secrets: textsOf(field(root, 'secrets')),
    ...given('shell', locatedText(field(root, 'shell'))),
    ...given('executor', locatedText(field(root, 'executor'))),
    ...given('python', pythonOf(field(root, 'python'))),
    ...given('tracking', booleanOf(field(root, 'tracking'))),
    tasks: entriesOf(field(root, 'tasks')).map((entry) => readTask(entry, unitOf(entry))),
    expressions: checked.sites,
  };
  return written(pipeline, root);
}
