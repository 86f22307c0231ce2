/** The places of a definition where a path is written. */
import { memo } from '../../base/memo.js';
import { listed } from '../../definition/actions.js';
import type { Definition } from '../../definition/read/analyze.js';
import type { Features } from '../../definition/features.js';
import type { Pipeline, Task, TemplateText } from '../../definition/definition.js';
import { ownOutput } from '../../definition/graph/graph.js';

/** `data` is one file or folder that is read; `input`, `source` and `pattern`, which need not match, may be globs. */
export type PathRole = 'input' | 'output' | 'data' | 'source' | 'working-directory' | 'pattern';

export interface PathMention {
  readonly role: PathRole;
  /** Absent: it belongs to the whole pipeline, or stands in a features file. */
  readonly task?: Task;
  readonly text: TemplateText;
  /** It may be missing. */
  readonly optional?: boolean;
}

/** Every path of a pipeline or a features file, in the order of the text; none of other files. */
export function mentionsIn(definition: Definition): readonly PathMention[] {
  if (definition.kind === 'pipeline') return mentionsOf(definition.pipeline);
  return definition.kind === 'features' ? sourcesOf(definition.features) : [];
}

function sourcesOf({ views }: Features): PathMention[] {
  return views.flatMap(({ source }): PathMention[] =>
    source?.path === undefined
      ? []
      : [{ role: 'source', text: { text: source.path.value, span: source.path.span } }],
  );
}

/** In the order of the tasks. Metrics and plots are outputs. */
const mentionsOf = memo<Pipeline, readonly PathMention[]>(collect);

function collect(pipeline: Pipeline): PathMention[] {
  const mentions: PathMention[] = [];
  const variables = ({ envFiles = [] }: Pipeline | Task, task?: Task): void => {
    for (const { path: text, optional } of envFiles)
      mentions.push({ role: 'data', ...(task === undefined ? {} : { task }), text, optional });
  };
  variables(pipeline);
  for (const task of pipeline.tasks) {
    variables(task, task);
    if (task.paramsFile !== undefined) mentions.push({ role: 'output', task, text: task.paramsFile.path });
    for (const text of task.inputs) {
      // What is left out may as well not be there.
      if (text.negated) mentions.push({ role: 'pattern', task, text });
      else mentions.push({ role: 'input', task, text, optional: text.optional });
      for (const left of text.exclude) mentions.push({ role: 'pattern', task, text: left });
    }
    for (const { path } of task.outputs) mentions.push({ role: 'output', task, text: path });
    for (const text of task.metrics) mentions.push({ role: 'output', task, text });
    for (const text of task.plots) mentions.push({ role: 'output', task, text });
    for (const { role, text } of listed(task.action, 'paths')) {
      // What is missing has an empty text, and is told as such.
      if (text.text !== '') mentions.push({ role, task, text });
    }
    const own = ownOutput(task);
    if (own !== undefined) mentions.push({ role: 'output', task, text: own.path });
    if (task.workingDirectory !== undefined)
      mentions.push({ role: 'working-directory', task, text: task.workingDirectory });
  }
  return mentions;
}
