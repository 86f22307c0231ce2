/** `modelyard graph PIPELINE`: what depends on what. */
import { defined } from '../../../base/defined.js';
import { type Edge, type Graph, buildGraph } from '../../../definition/graph/graph.js';
import { viewSources } from '../../../definition/known/view-sources.js';
import { featureFilesFor } from '../../../runner/actions/training-set/feature-files.js';
import { answer } from '../../answers.js';
import { UsageError } from '../../args.js';
import type { Command } from '../../command.js';
import { EXIT, stdout } from '../../output.js';
import { loadFor, prepare, SELECTION_FLAGS } from '../../load/prepare.js';

const FORMATS = ['text', 'dot', 'mermaid', 'json'] as const;
const TEXTS = { text, dot, mermaid };

export const graph: Command = {
  name: 'graph',
  summary: 'Show what depends on what.',
  usage: 'graph [PIPELINE] [--format text|dot|mermaid|json]',
  examples: ['graph rain-train', 'graph rain-train --format mermaid'],
  flags: {
    format: { type: 'string', value: 'F', help: `As ${FORMATS.join(', ')}. Default: text.` },
    json: { type: 'boolean', help: 'As --format json.' },
    ...(SELECTION_FLAGS['param'] === undefined ? {} : { param: SELECTION_FLAGS['param'] }),
  },
  most: 1,
  async run(args) {
    const word = args.text('format') ?? (args.flag('json') ? 'json' : 'text');
    const format = FORMATS.find((one) => one === word);
    if (format === undefined) throw new UsageError(`--format takes ${FORMATS.join(', ')}, not "${word}"`);
    const prepared = prepare(args, await loadFor(args));
    const { pipeline } = prepared.compiled;
    const features = await featureFilesFor(prepared.root, [pipeline]);
    const made = buildGraph(pipeline, {
      params: prepared.params,
      viewSources: viewSources(features.map((one) => one.features)),
    });
    if (format === 'json') json(made, pipeline.name);
    else stdout.line(TEXTS[format](made, pipeline.name).trimEnd());
    return EXIT.ok;
  },
};

/** Why an edge is there: paths, or the way in which a task is named. */
function labels(edge: Edge): string[] {
  const word = (reason: Edge['reasons'][number]): string => {
    if (reason.kind === 'path') return reason.path;
    return reason.kind === 'name' ? `${reason.what} ${reason.name}` : reason.kind;
  };
  return [...new Set(edge.reasons.map(word))];
}

function text(made: Graph): string {
  const lines = made.order.flatMap((id) => {
    const incoming = made.incoming(id).map((edge) => `  ← ${edge.from}  (${labels(edge).join(', ')})`);
    return [id, ...incoming];
  });
  return `${lines.join('\n')}\n`;
}

function dot(made: Graph, name: string): string {
  const nodes = made.order.map((id) => `  ${quoted(id)};`);
  const edges = made.edges.map(
    (edge) => `  ${quoted(edge.from)} -> ${quoted(edge.to)} [label=${quoted(labels(edge).join('\n'))}];`,
  );
  return `digraph ${quoted(name)} {\n  rankdir=LR;\n  node [shape=box];\n${[...nodes, ...edges].join('\n')}\n}\n`;
}

function quoted(word: string): string {
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function mermaid(made: Graph): string {
  const node = new Map(made.order.map((id, index) => [id, `t${index}`]));
  // Entities as Mermaid's documentation has them: a name may hold what ends a label.
  const safe = (word: string): string => word.replace(/[^\w ./@-]/g, (one) => `#${one.codePointAt(0) ?? 0};`);
  const nodes = made.order.map((id) => `  ${node.get(id) ?? ''}["${safe(id)}"]`);
  const edges = made.edges.map(
    (edge) =>
      `  ${node.get(edge.from) ?? ''} -->|"${labels(edge).map(safe).join('<br>')}"| ${node.get(edge.to) ?? ''}`,
  );
  return `flowchart LR\n${[...nodes, ...edges].join('\n')}\n`;
}

function json(made: Graph, name: string): void {
  const nodes = made.order.map((id) => {
    const instance = made.byId.get(id);
    const action = instance?.task.action?.kind;
    return {
      id,
      ...(instance === undefined
        ? {}
        : {
            task: instance.task.name,
            inputs: instance.inputs.map((input) => input.path ?? input.text.text),
            outputs: instance.outputs.map((output) => output.path ?? output.text.text),
          }),
      ...defined({ action }),
    };
  });
  const edges = made.edges.map((edge) => ({ from: edge.from, to: edge.to, labels: labels(edge) }));
  answer('graph', { pipeline: name, nodes, edges });
}
