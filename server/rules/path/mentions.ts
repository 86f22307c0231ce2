/** The places of a definition where a path is written. */
import type { Definition } from '../../model/analyze.js';
import type { Features } from '../../model/features.js';
import type { Pipeline, Task, TemplateText } from '../../model/definition.js';

/** `data` is one file that is read; `input` and `source` may be globs. */
export type PathRole = 'input' | 'output' | 'data' | 'source' | 'working-directory';

export interface PathMention {
  readonly role: PathRole;
  /** Absent: it stands in a features file. */
  readonly task?: Task;
  readonly text: TemplateText;
  /** It may be missing. */
  readonly optional?: boolean;
}

// Several rules ask, and a pipeline is a value.
const known = new WeakMap<Pipeline, readonly PathMention[]>();

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

/** In the order of the tasks. Metrics and plots are outputs, checked data and labels are their own. */
function mentionsOf(pipeline: Pipeline): readonly PathMention[] {
  let mentions = known.get(pipeline);
  if (mentions === undefined) {
    mentions = collect(pipeline);
    known.set(pipeline, mentions);
  }
  return mentions;
}

function collect(pipeline: Pipeline): PathMention[] {
  const mentions: PathMention[] = [];
  for (const task of pipeline.tasks) {
    for (const text of task.inputs) {
      // What is left out may as well not be there.
      if (!text.negated) mentions.push({ role: 'input', task, text, optional: text.optional });
    }
    for (const { path } of task.outputs) mentions.push({ role: 'output', task, text: path });
    for (const text of task.metrics) mentions.push({ role: 'output', task, text });
    for (const text of task.plots) mentions.push({ role: 'output', task, text });
    if (task.action?.kind === 'check') {
      for (const check of task.action.checks) {
        if (check.kind === 'data') mentions.push({ role: 'data', task, text: check.path });
      }
    }
    if (task.action?.kind === 'training-set') {
      const { labels, output } = task.action;
      // What is missing has an empty text, and is told as such.
      if (labels.text !== '') mentions.push({ role: 'data', task, text: labels });
      const declared = task.outputs.some(({ path }) => path.text === output.text);
      if (output.text !== '' && !declared) mentions.push({ role: 'output', task, text: output });
    }
    if (task.workingDirectory !== undefined)
      mentions.push({ role: 'working-directory', task, text: task.workingDirectory });
  }
  return mentions;
}
