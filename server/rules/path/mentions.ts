/** The places of a pipeline where a path is written. */
import type { Pipeline, Task, TemplateText } from '../../model/definition.js';

export type PathRole = 'input' | 'output' | 'data' | 'working-directory';

export interface PathMention {
  readonly role: PathRole;
  readonly task: Task;
  readonly text: TemplateText;
}

// Several rules ask, and a pipeline is a value.
const known = new WeakMap<Pipeline, readonly PathMention[]>();

/** Every path of a pipeline's tasks, in the order of the tasks. Metrics and plots are outputs, checked data is its own. */
export function mentionsOf(pipeline: Pipeline): readonly PathMention[] {
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
    for (const text of task.inputs) mentions.push({ role: 'input', task, text });
    for (const { path } of task.outputs) mentions.push({ role: 'output', task, text: path });
    for (const text of task.metrics) mentions.push({ role: 'output', task, text });
    for (const text of task.plots) mentions.push({ role: 'output', task, text });
    if (task.action?.kind === 'check') {
      for (const check of task.action.checks) {
        if (check.kind === 'data') mentions.push({ role: 'data', task, text: check.path });
      }
    }
    if (task.workingDirectory !== undefined)
      mentions.push({ role: 'working-directory', task, text: task.workingDirectory });
  }
  return mentions;
}
