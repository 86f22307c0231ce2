import type { TemplateText, Task } from '../../model/definition.js';
import { globOf } from '../../model/glob.js';
import type { Graph, ResolvedInput } from '../../model/graph.js';
import { isWithin } from '../../model/paths.js';
import { graphOf } from '../context.js';
import type { ProjectView, Related, Rule } from '../rule.js';

export const unorderedCall: Rule = {
  id: 'graph/unordered-call',
  severity: 'warning',
  summary: 'An input that a called pipeline writes, of a task that does not wait for the call.',
  docs: `
What a called pipeline writes is known to that pipeline only: a task of the calling one that reads it does not wait for the
call by itself. Without \`needs\` the two run at the same time, and the task reads what an earlier run has left, or half of a file.

Only pipelines that are called by a name that is plain text are looked at, and paths that are known before a run; params count
with their defaults.

**How to fix it:** Name the call under \`needs\`, or read the file from the call's outputs in an expression.
`,
  good: [
    {
      files: {
        'all.pipeline.yaml':
          'tasks:\n  build: { pipeline: build }\n  ship: { needs: [build], run: ./ship.sh, inputs: [model.json], cache: false }\n',
        'build.pipeline.yaml':
          'name: build\ntasks:\n  train: { run: ./train.sh, outputs: { model: model.json } }\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'all.pipeline.yaml':
          'tasks:\n  build: { pipeline: build }\n  ship: { run: ./ship.sh, inputs: [«model.json»], cache: false }\n',
        'build.pipeline.yaml':
          'name: build\ntasks:\n  train: { run: ./train.sh, outputs: { model: model.json } }\n',
      },
      messages: [
        '"ship" reads what build › train writes ("model.json"), and does not wait for "build", which runs it: say `needs: [build]`.',
      ],
    },
    {
      files: {
        'all.pipeline.yaml':
          "tasks:\n  build: { pipeline: build }\n  ship: { run: ./ship.sh, inputs: [«'models/*.json'»], cache: false }\n",
        'build.pipeline.yaml': 'name: build\ntasks:\n  parts: { pipeline: parts }\n',
        'parts.pipeline.yaml':
          'name: parts\ntasks:\n  train: { run: ./train.sh, outputs: { model: models/a.json } }\n',
      },
      messages: [
        '"ship" reads what parts › train writes ("models/a.json"), and does not wait for "build", which runs it: say `needs: [build]`.',
      ],
    },
  ],
  check(context) {
    const { pipeline, project } = context;
    const calls = (pipeline?.tasks ?? []).flatMap((task) => {
      const written = writtenBelow(project, task, new Set());
      return written.length === 0 ? [] : [{ task, written }];
    });
    if (calls.length === 0) return;
    const graph = context.graph();
    const told = new Set<TemplateText>();
    for (const { id, task, inputs } of graph.instances) {
      for (const input of inputs) {
        if (told.has(input.text)) continue;
        for (const call of calls) {
          const found = call.written.find(({ path }) => reads(input, path));
          if (found === undefined || call.task === task || areOrdered(graph, id, call.task)) continue;
          told.add(input.text);
          context.report({
            span: input.text.span,
            message: `"${task.name}" reads what ${found.by} writes ("${found.path}"), and does not wait for "${call.task.name}", which runs it: say \`needs: [${call.task.name}]\`.`,
            related: [found.related],
          });
          break;
        }
      }
    }
  },
};

interface Written {
  /** Of a file or folder. */
  readonly path: string;
  /** `pipeline › task`. */
  readonly by: string;
  readonly related: Related;
}

/** What the pipeline that a task calls writes, and those that it calls. */
function writtenBelow(project: ProjectView, { action }: Task, seen: Set<string>): readonly Written[] {
  if (action?.kind !== 'pipeline' || action.name.template !== undefined) return [];
  const name = action.name.text.trim();
  if (seen.has(name)) return [];
  seen.add(name);
  const [target, ...others] = project.pipelinesByName.get(name) ?? [];
  if (target?.kind !== 'pipeline' || others.length > 0) return [];
  const own = graphOf(target.pipeline).instances.flatMap(({ task, outputs }) =>
    outputs.flatMap(({ path, glob, text: { span } }) =>
      path === undefined || glob
        ? []
        : [
            {
              path,
              by: `${name} › ${task.name}`,
              related: { path: target.path, span, message: 'It is written here.' },
            },
          ],
    ),
  );
  return [...own, ...target.pipeline.tasks.flatMap((task) => writtenBelow(project, task, seen))];
}

function reads({ path, glob, exclude }: ResolvedInput, written: string): boolean {
  if (path === undefined) return false;
  const meets = glob ? globOf(path).matches(written) : isWithin(written, path) || isWithin(path, written);
  return meets && !exclude.some((one) => one.path !== undefined && (one.glob ? globOf(one.path).matches(written) : isWithin(written, one.path))); // prettier-ignore
}

/** Whether one comes before the other, whichever that is. */
function areOrdered(graph: Graph, id: string, call: Task): boolean {
  const ids = new Set((graph.byTask.get(call.name) ?? []).map((instance) => instance.id));
  const leads = (next: (one: string) => readonly string[]): boolean => {
    const seen = new Set([id]);
    for (const one of seen) {
      if (ids.has(one)) return true;
      for (const other of next(one)) seen.add(other);
    }
    return false;
  };
  return (
    leads((one) => graph.incoming(one).map(({ from }) => from)) ||
    leads((one) => graph.outgoing(one).map(({ to }) => to))
  );
}
