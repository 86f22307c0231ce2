import type { DuplicateOutput, OutputPlace } from '../../definition/graph/graph.js';
import type { Rule, RuleContext } from '../rule.js';

export const duplicateOutput: Rule = {
  id: 'graph/duplicate-output',
  severity: 'error',
  summary: 'Two tasks, or two cells of a matrix, write the same file.',
  docs: `
A file has one task that makes it. With two, the one that ends last wins, which one that is can change from run to run,
and what reads the file waits for both and gets one.

A glob in \`outputs\` that matches a file of another task is the same: the file would be taken for one of the glob's.

Cells of a matrix that all write to one path do the same to each other. Nothing is said where both tasks have an \`if\`,
because they may be meant as either, or.

**How to fix it:** Give each task a path of its own; in a matrix, put a value of the cell into the path.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  train:\n    matrix: { seed: [1, 2] }\n    run: ./train.sh ${{ matrix.seed }}\n    outputs: { model: "models/${{ matrix.seed }}.json" }\n',
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs: { report: metrics.json }\n    metrics: metrics.json\n',
    },
  ],
  bad: [
    {
      files:
        "tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n  tune:\n    run: ./tune.sh\n    outputs: { all: «'models/*.json'» }\n",
      messages: ['"models/rain.json" is made by "train" too.'],
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n  tune:\n    run: ./tune.sh\n    outputs: { model: «models/rain.json» }\n',
      messages: ['"models/rain.json" is made by "train" too.'],
    },
    {
      files:
        'tasks:\n  train:\n    matrix: { seed: [1, 2] }\n    run: ./train.sh ${{ matrix.seed }}\n    outputs: { model: «models/rain.json» }\n',
      messages: [
        'Every cell of the matrix writes "models/rain.json". Put a value of the cell into the path, such as ${{ matrix.seed }}.',
      ],
    },
    {
      files:
        'tasks:\n  train:\n    matrix: { seed: [1, 2, 3], kind: [cnn] }\n    run: ./train.sh ${{ matrix.seed }}\n    outputs: { model: «"models/${{ matrix.seed > 1 }}.json"» }\n',
      messages: [
        '2 of 3 cells of the matrix write "models/true.json". Put a value of the cell into the path, such as ${{ matrix.seed }}.',
      ],
    },
  ],
  check(context) {
    if (context.pipeline === undefined) return;
    for (const duplicate of context.graph().duplicateOutputs) reportDuplicate(context, duplicate);
  },
};

function reportDuplicate(context: RuleContext, { path, places }: DuplicateOutput): void {
  const [first, ...others] = places;
  if (first === undefined) return;
  const graph = context.graph();
  const taskOf = (place: OutputPlace) => graph.byId.get(place.instance)?.task;
  for (const place of others) {
    const task = taskOf(place);
    if (place.span.start === first.span.start && task === taskOf(first)) {
      const axis = task?.matrix?.axes[0]?.name;
      const cells = graph.byTask.get(place.task)?.length ?? 0;
      const same = places.filter((one) => one.span.start === place.span.start && taskOf(one) === task).length;
      const who =
        same === cells ? 'Every cell of the matrix writes' : `${same} of ${cells} cells of the matrix write`;
      context.report({
        span: place.span,
        message: `${who} "${path}". Put a value of the cell into the path${axis === undefined ? '' : `, such as \${{ matrix.${axis} }}`}.`,
      });
      continue;
    }
    if (task !== taskOf(first) && task?.if !== undefined && taskOf(first)?.if !== undefined) continue;
    context.report({
      span: place.span,
      message:
        place.task === first.task
          ? `"${path}" is an output of this task already.`
          : `"${path}" is made by "${first.task}" too.`,
      related: [{ path: context.definition.path, span: first.span, message: 'It is made here first.' }],
    });
  }
}
