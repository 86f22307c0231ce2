/** The graph of a pipeline: boxes and arrows with live state, by mouse and by keyboard. */
import type { GraphNode, GraphResult, TaskStatus } from '../../server/protocol/index.js';
import { diagramPage, tipList, type DiagramNode } from './parts/diagram/diagram.js';
import { button, h, icon, statusIcon } from './parts/dom.js';
import { connect } from './parts/host.js';
import { replace } from './parts/patch.js';
import { estimateWords, plain, plural } from '../../server/base/format.js';
import type { FromGraph, ToGraph } from './shared/messages/index.js';
import { look, shownStatus, stalenessWord } from './shared/status.js';

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
  const status = shownStatus(node.status, node.staleness);
  const fine = status === 'succeeded' || status === 'cached';
  return fine && node.staleness === 'stale' ? 'stale' : (status ?? 'none');
}

function glyphOf(node: GraphNode): HTMLElement {
  return kindOf(node) === 'stale'
    ? icon('history', 'status-queued')
    : statusIcon(shownStatus(node.status, node.staleness));
}

/** What one looks for in a graph that is larger than the window. */
const WEIGHTS: Readonly<Partial<Record<TaskStatus, number>>> = { failed: 3, running: 2, waiting: 1 };

function boxOf(node: GraphNode): DiagramNode {
  const status = shownStatus(node.status, node.staleness);
  const state = status === undefined ? 'never run' : look(status).word;
  const words = note(node);
  return {
    id: node.id,
    name: node.id,
    note: words === '' ? node.action : words,
    label: [node.id, words === '' ? '' : words, node.action, 'task', state]
      .filter((part) => part !== '')
      .join(', '),
    weight: WEIGHTS[node.status ?? 'succeeded'] ?? 0,
    kind: kindOf(node),
    glyph: glyphOf(node),
    tip: () => [
      h(
        'div',
        { class: 'tip-head' },
        glyphOf(node),
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

/** How many tasks are what: under way first, then what would run. */
function summary({ nodes, estimate }: GraphResult): string {
  const tasks = plural(nodes.length, 'task');
  const active = LIVE.map(
    (status) => [nodes.filter((node) => node.status === status).length, status] as const,
  ).filter(([count]) => count > 0);
  if (active.length > 0)
    return [tasks, ...active.map(([count, status]) => `${count} ${look(status).word}`)].join(', ');
  const toRun = nodes.filter(({ staleness }) => staleness === 'stale' || staleness === 'never-run').length;
  if (toRun > 0)
    return `${tasks}, ${toRun} to run${estimate === undefined ? '' : `: ${estimateWords(estimate)}`}`;
  return nodes.every(({ staleness }) => staleness === 'fresh') ? `${tasks}, up to date` : tasks;
}

const LIVE = ['running', 'queued', 'waiting'] as const;

function header(next: GraphResult, canRun: boolean): void {
  replace(
    bar,
    h('h1', {}, plain(next.pipeline, 80)),
    h('span', { class: 'dim grow' }, next.problem === undefined ? summary(next) : plain(next.problem, 200)),
    canRun
      ? button('play', 'Run', () => host.send({ type: 'run' }), { primary: true })
      : h('span', { class: 'dim' }, 'Running is off in Restricted Mode'),
    button('checklist', 'Plan', () => host.send({ type: 'plan' })),
    view.buttons,
  );
}

const LEGEND: readonly (readonly [kind: string, words: string])[] = [
  ['none', 'never run'],
  ['queued', 'queued'],
  ['running', 'running'],
  ['waiting', 'waiting'],
  ['succeeded', 'up to date'],
  ['cached', 'from cache'],
  ['stale', 'stale: would run'],
  ['failed', 'failed'],
  ['interrupted', 'interrupted'],
  ['cancelled', 'cancelled'],
  ['skipped', 'skipped'],
];

/** What is there, and nothing else. */
function drawLegend({ nodes }: GraphResult): void {
  const there = new Map(nodes.map((node) => [kindOf(node), node]));
  replace(
    legend,
    ...LEGEND.flatMap(([kind, words]) => {
      const node = there.get(kind);
      return node === undefined ? [] : [h('span', { class: `entry kind-${kind}` }, glyphOf(node), words)];
    }),
    h(
      'span',
      { class: 'dim hint' },
      'Click goes to the task · arrow keys move · drag and wheel pan, Ctrl+wheel zooms',
    ),
  );
}

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
  drawLegend(message.graph);
  const wanted =
    message.focus === undefined
      ? undefined
      : message.graph.nodes.find(({ task }) => task === message.focus)?.id;
  if (wanted !== undefined) view.focus(wanted);
  else if (focused) view.refocus();
});
