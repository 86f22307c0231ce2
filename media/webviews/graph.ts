/** The graph of a pipeline: boxes and arrows with live state, by mouse and by keyboard. */
import type { GraphNode, GraphResult } from '../../server/protocol.js';
import { diagramPage, tipList, type DiagramNode } from './parts/diagram.js';
import { button, h, icon, replace, statusIcon } from './parts/dom.js';
import { connect } from './parts/host.js';
import { plain } from '../../server/base/format.js';
import type { FromGraph, ToGraph } from './shared/messages.js';
import { look, stalenessWord } from './shared/status.js';

let graph: GraphResult | undefined;

const { bar, legend, view } = diagramPage({
  open: (id) => {
    const node = graph?.nodes.find((one) => one.id === id);
    if (node) host.send({ type: 'open', task: node.task });
  },
  remember: (key, value) => host.remember(key, value),
  recall: (key) => host.recall(key),
});

/** Beside a name: what is going on, else whether it would run. */
function note(node: GraphNode): string {
  const status = node.status;
  if (status === 'running' || status === 'queued' || status === 'waiting') return look(status).word;
  if (status === 'failed' || status === 'cancelled' || status === 'interrupted') return look(status).word;
  const reason = node.staleness === 'stale' ? node.reasons[0] : undefined;
  return reason === undefined ? stalenessWord(node.staleness) : plain(reason, 80);
}

function kindOf(node: GraphNode): string {
  const status = node.status;
  const fine = status === 'succeeded' || status === 'cached';
  return fine && node.staleness === 'stale' ? 'stale' : (status ?? 'none');
}

function boxOf(node: GraphNode): DiagramNode {
  const state = node.status === undefined ? 'never run' : look(node.status).word;
  const words = note(node);
  return {
    id: node.id,
    name: node.id,
    note: words === '' ? node.action : words,
    label: `Task ${node.id}, ${node.action}, ${state}${words === '' ? '' : `, ${words}`}`,
    kind: kindOf(node),
    glyph: kindOf(node) === 'stale' ? icon('circle-outline', 'status-queued') : statusIcon(node.status),
    tip: () => [
      h(
        'div',
        { class: 'tip-head' },
        statusIcon(node.status),
        h('strong', {}, plain(node.id)),
        h('span', { class: 'dim' }, node.action),
      ),
      node.description === undefined ? undefined : h('p', {}, plain(node.description, 300)),
      h(
        'p',
        { class: 'dim' },
        [
          node.status === undefined ? '' : `Last time: ${look(node.status).word}.`,
          stalenessWord(node.staleness) === '' ? '' : `Now: ${stalenessWord(node.staleness)}.`,
        ].join(' '),
      ),
      tipList('Why', node.reasons),
      tipList('Reads', node.inputs),
      tipList('Writes', node.outputs),
    ],
  };
}

function draw(next: GraphResult): void {
  const byId = new Map(next.nodes.map((node) => [node.id, node]));
  const edges = next.edges.map(({ from, to, labels }) => ({
    from,
    to,
    title: `${from} → ${to}: ${labels.map((label) => plain(label, 100)).join(', ')}`,
    live: byId.get(to)?.status === 'running',
  }));
  view.draw(
    next.nodes.map(boxOf),
    edges,
    `Graph of ${next.pipeline}: ${next.nodes.length} tasks. Arrow keys move between tasks, Enter goes to the definition.`,
  );
}

function header(next: GraphResult, canRun: boolean): void {
  const counts = next.nodes.filter(
    (node) => node.staleness === 'stale' || node.staleness === 'never-run',
  ).length;
  replace(
    bar,
    h('h1', {}, plain(next.pipeline, 80)),
    h(
      'span',
      { class: 'dim grow' },
      next.problem === undefined
        ? `${next.nodes.length} ${next.nodes.length === 1 ? 'task' : 'tasks'}${counts > 0 ? `, ${counts} to run` : ', up to date'}`
        : plain(next.problem, 200),
    ),
    canRun
      ? button('play', 'Run', () => host.send({ type: 'run' }), { primary: true })
      : h('span', { class: 'dim' }, 'Running is off in Restricted Mode'),
    button('checklist', 'Plan', () => host.send({ type: 'plan' })),
    view.buttons,
  );
  for (const [index, element] of [...bar.querySelectorAll('button')].entries())
    element.dataset['key'] = `bar:${index}`;
}

const LEGEND = [
  ['none', 'never run'],
  ['running', 'running'],
  ['succeeded', 'up to date'],
  ['cached', 'from cache'],
  ['stale', 'stale: would run'],
  ['failed', 'failed'],
  ['skipped', 'skipped or cancelled'],
] as const;

legend.append(
  ...LEGEND.map(([kind, words]) =>
    h(
      'span',
      { class: `entry kind-${kind}` },
      kind === 'stale'
        ? icon('circle-outline', 'status-queued')
        : statusIcon(kind === 'none' ? undefined : kind),
      words,
    ),
  ),
  h(
    'span',
    { class: 'dim hint' },
    'Click goes to the task · arrow keys move · drag and wheel pan, Ctrl+wheel zooms',
  ),
);

const host = connect<ToGraph, FromGraph>((message) => {
  if (message.type === 'missing') {
    replace(bar, h('h1', {}, 'Graph'), h('span', { class: 'dim grow' }, message.message));
    view.clear(message.message);
    return;
  }
  graph = message.graph;
  const focused = view.isFocused();
  header(message.graph, message.canRun);
  draw(message.graph);
  const wanted =
    message.focus === undefined
      ? undefined
      : message.graph.nodes.find(({ task }) => task === message.focus)?.id;
  if (wanted !== undefined) view.focus(wanted);
  else if (focused) view.refocus();
});
