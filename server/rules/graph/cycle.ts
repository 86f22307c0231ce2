import type { Edge, Graph } from '../../definition/graph/graph.js';
import type { Related, Rule, RuleContext } from '../rule.js';

export const cycle: Rule = {
  id: 'graph/cycle',
  severity: 'error',
  summary: 'Tasks that depend on each other in a cycle.',
  docs: `
Each of these tasks has to end before the next one begins, and the last one before the first, so none of them can begin. A
task waits for another when it reads what the other writes, when an expression mentions the other, and when \`needs\` names it.

A circle is reported once, at its task that stands first in the file, however it was made; the trail says for each step
why it is there.

**How to fix it:** Break the cycle at the step that should not be there: take a name out of \`needs\`, or let one of the
tasks write to a file of its own.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  split:\n    run: ./split.sh\n    outputs: { data: data/split.csv }\n  train:\n    run: ./train.sh\n    inputs: [data/split.csv]\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  «split»:\n    needs: [train]\n    run: ./split.sh\n    outputs: { data: data/split.csv }\n  train:\n    run: ./train.sh\n    inputs: [data/split.csv]\n    outputs: { model: models/rain.json }\n',
      messages: ['These tasks depend on each other in a cycle: split → train → split.'],
    },
    {
      files:
        'tasks:\n  «train»:\n    needs: [train]\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
      messages: ['The task "train" depends on itself.'],
    },
  ],
  check(context) {
    if (context.pipeline === undefined) return;
    const graph = context.graph();
    const seen = new Set<string>();
    for (const trail of graph.cycles) {
      const tasks = taskTrail(graph, trail);
      const first = graph.byId.get(trail[0] ?? '')?.task;
      const key = tasks.join(' ');
      // The cells of a matrix make the same circle over and over.
      if (first === undefined || seen.has(key)) continue;
      seen.add(key);
      context.report({
        span: first.nameSpan,
        message:
          tasks.length === 1
            ? `The task "${first.name}" depends on itself.`
            : `These tasks depend on each other in a cycle: ${shown([...tasks, first.name])}.`,
        related: stepsOf(context, graph, trail),
      });
    }
  },
};

/** The names of a trail's tasks; cells of one task that follow each other count once. */
function taskTrail(graph: Graph, trail: readonly string[]): string[] {
  const names = trail.map((id) => graph.byId.get(id)?.task.name ?? id);
  return names.filter((name, index) => index === 0 || name !== names[index - 1]);
}

function shown(names: readonly string[]): string {
  const cut = names.length > 12 ? [...names.slice(0, 10), '…', ...names.slice(-1)] : names;
  return cut.join(' → ');
}

function stepsOf(context: RuleContext, graph: Graph, trail: readonly string[]): Related[] {
  const { path } = context.definition;
  const steps: Related[] = [];
  trail.slice(0, 20).forEach((id, index) => {
    const next = trail[(index + 1) % trail.length] ?? id;
    const edge = graph.incoming(next).find((candidate) => candidate.from === id);
    if (edge !== undefined) steps.push({ path, ...stepOf(edge) });
  });
  return steps;
}

function stepOf(edge: Edge): Pick<Related, 'span' | 'message'> {
  const reason = edge.reasons[0];
  switch (reason?.kind) {
    case 'path':
      return {
        span: reason.input,
        message: `"${edge.to}" reads ${reason.path}, which "${edge.from}" makes.`,
      };
    case 'expression':
      return { span: reason.span, message: `An expression of "${edge.to}" mentions "${edge.from}".` };
    case 'name':
      return {
        span: reason.span,
        message: `"${edge.to}" uses the ${reason.what} ${reason.name} of "${edge.from}".`,
      };
    case 'needs':
      return { span: reason.span, message: `"${edge.to}" needs "${edge.from}".` };
    case undefined:
      return { span: { start: 0, end: 0 }, message: `"${edge.to}" waits for "${edge.from}".` };
  }
}
