import type { TemplateText, Task } from '../../definition/definition.js';
import { globOf } from '../../definition/text/glob.js';
import type { Graph, Instance, ResolvedInput } from '../../definition/graph/graph.js';
import { isWithin } from '../../definition/text/paths.js';
import { graphOf } from '../context.js';
import type { ProjectView, Related, Rule } from '../rule.js';

export const unorderedCall: Rule = {
  id: 'graph/unordered-call',
  severity: 'warning',
  summary: 'A file that a called pipeline writes or reads, of a task that is in no order with the call.',
  docs: `
What a called pipeline reads and writes is known to that pipeline only: a task of the calling one that reads what it writes
does not wait for the call by itself, nor the call for a task that writes what its pipeline reads. Without \`needs\` the two
run at the same time, and what is read is what an earlier run has left, or half of a file.

Only pipelines that are called by a name that is plain text are looked at, and paths that are known before a run; params count
with their defaults.

**How to fix it:** Name the call, or the task that writes, under \`needs\`, or read the file from the call's outputs in an expression.
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
    {
      files: {
        'all.pipeline.yaml':
          'tasks:\n  make: { run: ./make.sh, outputs: { data: data.csv } }\n  build: { pipeline: «build» }\n',
        'build.pipeline.yaml':
          'name: build\ntasks:\n  train: { run: ./train.sh, inputs: [data.csv], outputs: { model: model.json } }\n',
      },
      messages: [
        '"build" runs build › train, which reads what "make" writes ("data.csv"), and does not wait for that: say `needs: [make]`.',
      ],
    },
    {
      files: {
        'all.pipeline.yaml': 'tasks:\n  fetch: { pipeline: fetch }\n  build: { pipeline: «build» }\n',
        'build.pipeline.yaml':
          'name: build\ntasks:\n  train: { run: ./train.sh, inputs: [data.csv], outputs: { model: model.json } }\n',
        'fetch.pipeline.yaml': 'name: fetch\ntasks:\n  get: { run: ./get.sh, outputs: { data: data.csv } }\n',
      },
      messages: [
        '"build" runs build › train, which reads what fetch › get writes ("data.csv"), and does not wait for "fetch": say `needs: [fetch]`.',
      ],
    },
  ],
  check(context) {
    const { pipeline, project, definition } = context;
    const tasks = pipeline?.tasks ?? [];
    const calls = tasks.flatMap((task) => {
      const below = filesBelow(project, task, new Set());
      return below.written.length + below.read.length === 0 ? [] : [{ task, ...below }];
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
    const written = [
      ...calls.flatMap(writtenByCall),
      ...graph.instances.flatMap((one) =>
        outputsOf(one, definition.path).map((output) => ({ ...output, task: one.task })),
      ),
    ];
    for (const { task, read, written: own } of calls) {
      const [instance] = graph.byTask.get(task.name) ?? [];
      if (instance === undefined || task.action?.kind !== 'pipeline') continue;
      for (const one of read) {
        const found = written.find((other) => other.task !== task && reads(one.input, other.path));
        if (found === undefined || own.some((other) => reads(one.input, other.path))) continue;
        if (areOrdered(graph, instance.id, found.task)) continue;
        const { by, related } = found;
        context.report({
          span: task.action.name.span,
          message: `"${task.name}" runs ${one.by}, which reads what ${by ?? `"${found.task.name}"`} writes ("${found.path}"), and does not wait for ${by === undefined ? 'that' : `"${found.task.name}"`}: say \`needs: [${found.task.name}]\`.`,
          related: [related],
        });
        break;
      }
    }
  },
};

interface Written {
  /** Of a file or folder. */
  readonly path: string;
  /** `pipeline › task`; absent: a task of the calling pipeline. */
  readonly by?: string;
  readonly related: Related;
}

interface Read {
  readonly input: ResolvedInput;
  /** `pipeline › task` */
  readonly by: string;
}

interface FilesBelow {
  readonly written: readonly Written[];
  readonly read: readonly Read[];
}

type ByTask = Written & { readonly task: Task };

function writtenByCall({ task, written }: FilesBelow & { readonly task: Task }): readonly ByTask[] {
  return written.map((one) => ({ ...one, task }));
}

/** What the pipeline that a task calls reads and writes, and those that it calls. */
function filesBelow(project: ProjectView, { action }: Task, seen: Set<string>): FilesBelow {
  const nothing = { written: [], read: [] };
  if (action?.kind !== 'pipeline' || action.name.template !== undefined) return nothing;
  const name = action.name.text.trim();
  if (seen.has(name)) return nothing;
  seen.add(name);
  const [target, ...others] = project.pipelinesByName.get(name) ?? [];
  if (target?.kind !== 'pipeline' || others.length > 0) return nothing;
  const { instances } = graphOf(target.pipeline);
  const below = target.pipeline.tasks.map((task) => filesBelow(project, task, seen));
  const named = (task: Task): string => `${name} › ${task.name}`;
  return {
    written: [
      ...instances.flatMap((one) =>
        outputsOf(one, target.path).map((output) => ({ ...output, by: named(one.task) })),
      ),
      ...below.flatMap(({ written }) => written),
    ],
    read: [
      ...instances.flatMap(({ task, inputs }) => inputs.map((input) => ({ input, by: named(task) }))),
      ...below.flatMap(({ read }) => read),
    ],
  };
}

function outputsOf({ outputs }: Instance, file: string): readonly Written[] {
  return outputs.flatMap(({ path, glob, text: { span } }) =>
    path === undefined || glob
      ? []
      : [{ path, related: { path: file, span, message: 'It is written here.' } }],
  );
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
