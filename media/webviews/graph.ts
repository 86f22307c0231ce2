/** The graph of a pipeline: boxes and arrows with live state, by mouse and by keyboard. */
import type { GraphNode, GraphResult } from '../../server/protocol.js';
import { button, h, icon, replace, s, statusIcon } from './parts/dom.js';
import { connect } from './parts/host.js';
import { viewport } from './parts/viewport.js';
import { plain } from './shared/format.js';
import { layout, neighbour, pathOf, type Layout, type LayoutOptions } from './shared/layout.js';
import type { FromGraph, ToGraph } from './shared/messages.js';
import { look, stalenessWord } from './shared/status.js';

const NODE_HEIGHT = 58;
const ARROWS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'] as const;

const root = document.getElementById('root') ?? document.body;
const bar = h('header', { class: 'bar' });
const stage = h('div', { class: 'stage' });
const tip = h('aside', { class: 'tip', role: 'tooltip', id: 'tip', hidden: '' });
const legend = h('footer', { class: 'legend', 'aria-label': 'Legend' });
root.append(bar, stage, legend, tip);

let graph: GraphResult | undefined;
let drawing: Layout | undefined;
let direction: LayoutOptions['direction'] = 'right';
let shape = '';
let current: string | undefined;

const view = viewport(stage, (state) => host.remember('view', state));

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

function widthOf(node: GraphNode): number {
  return Math.min(280, Math.max(150, 58 + node.id.length * 7.6, 40 + Math.min(34, note(node).length) * 6));
}

function fits(text: string, width: number, each: number): string {
  return plain(text, Math.max(4, Math.floor((width - 46) / each)));
}

function box(node: GraphNode, place: Layout['nodes'][number]): SVGElement {
  const { width } = place;
  const state = node.status === undefined ? 'never run' : look(node.status).word;
  const glyph = s(
    'foreignObject',
    { x: 10, y: 10, width: 20, height: 20 },
    kindOf(node) === 'stale' ? icon('circle-outline', 'status-queued') : statusIcon(node.status),
  );
  const element = s(
    'g',
    {
      class: `node kind-${kindOf(node)}`,
      transform: `translate(${place.x} ${place.y})`,
      role: 'button',
      tabindex: node.id === current ? 0 : -1,
      'data-key': node.id,
      'aria-label': `Task ${node.id}, ${node.action}, ${state}${note(node) === '' ? '' : `, ${note(node)}`}`,
    },
    s('rect', { width, height: NODE_HEIGHT, rx: 5 }),
    s('rect', { class: 'edge-mark', width: 4, height: NODE_HEIGHT, rx: 2 }),
    glyph,
    s('text', { class: 'name', x: 36, y: 24 }, fits(node.id, width, 7.4)),
    s(
      'text',
      { class: 'note', x: 36, y: 43 },
      fits(note(node) === '' ? node.action : note(node), width, 5.9),
    ),
  );
  element.addEventListener('click', () => {
    focus(node.id);
    host.send({ type: 'open', task: node.task });
  });
  element.addEventListener('focus', () => select(node.id));
  element.addEventListener('pointerenter', () => show(node, element));
  element.addEventListener('pointerleave', hide);
  element.addEventListener('focusin', () => show(node, element));
  element.addEventListener('focusout', hide);
  return element;
}

function show(node: GraphNode, element: Element): void {
  const list = (title: string, items: readonly string[]): Node | undefined =>
    items.length === 0
      ? undefined
      : h(
          'div',
          {},
          h('strong', {}, title),
          h(
            'ul',
            {},
            ...items.slice(0, 8).map((item) => h('li', {}, plain(item, 120))),
            items.length > 8 ? h('li', {}, `… ${items.length - 8} more`) : undefined,
          ),
        );
  tip.replaceChildren(
    h(
      'div',
      { class: 'tip-head' },
      statusIcon(node.status),
      h('strong', {}, plain(node.id)),
      h('span', { class: 'dim' }, node.action),
    ),
    ...(node.description === undefined ? [] : [h('p', {}, plain(node.description, 300))]),
    h(
      'p',
      { class: 'dim' },
      [
        node.status === undefined ? '' : `Last time: ${look(node.status).word}.`,
        stalenessWord(node.staleness) === '' ? '' : `Now: ${stalenessWord(node.staleness)}.`,
      ].join(' '),
    ),
    ...[list('Why', node.reasons), list('Reads', node.inputs), list('Writes', node.outputs)].flatMap(
      (part) => part ?? [],
    ),
  );
  tip.hidden = false;
  const own = element.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const below = own.bottom + 8 + size.height < window.innerHeight;
  tip.style.left = `${Math.max(8, Math.min(own.left, window.innerWidth - size.width - 8))}px`;
  tip.style.top = `${below ? own.bottom + 8 : Math.max(8, own.top - size.height - 8)}px`;
}

function hide(): void {
  tip.hidden = true;
}

/** Makes a node the one that Tab leads to. */
function point(id: string): void {
  current = id;
  for (const node of stage.querySelectorAll<SVGElement>('.node'))
    node.setAttribute('tabindex', node.dataset['key'] === id ? '0' : '-1');
}

/** The same, and marks the edges that touch it. */
function select(id: string): void {
  point(id);
  for (const edge of stage.querySelectorAll<SVGElement>('.edge'))
    edge.classList.toggle('near', edge.dataset['from'] === id || edge.dataset['to'] === id);
}

function focus(id: string): void {
  const element = stage.querySelector<SVGElement>(`.node[data-key="${CSS.escape(id)}"]`);
  if (!element) return;
  select(id);
  element.focus({ preventScroll: true });
  const place = drawing?.nodes.find((node) => node.id === id);
  if (place) view.reveal(place);
}

function draw(next: GraphResult): void {
  const sizes = next.nodes.map((node) => ({ id: node.id, width: widthOf(node), height: NODE_HEIGHT }));
  const nextShape = JSON.stringify([
    next.nodes.map((node) => node.id),
    next.edges.map((edge) => [edge.from, edge.to]),
  ]);
  const across = layout(sizes, next.edges, { direction: 'right', layerGap: 56, nodeGap: 20 });
  const down = layout(sizes, next.edges, { direction: 'down', layerGap: 46, nodeGap: 26 });
  // Whichever can be shown larger: a panel beside the text is often tall and narrow.
  direction = view.scaleOf(down) > view.scaleOf(across) * 1.1 ? 'down' : 'right';
  const placed = direction === 'right' ? across : down;
  drawing = placed;
  const byId = new Map(next.nodes.map((node) => [node.id, node]));
  current = byId.has(current ?? '') ? current : placed.nodes[0]?.id;
  const places = new Map(placed.nodes.map((node) => [node.id, node]));
  const edges = placed.edges.map((edge, index) => {
    const labels = next.edges[index]?.labels ?? [];
    const status = byId.get(edge.to)?.status;
    const path = s(
      'path',
      {
        class: `edge${status === 'running' ? ' live' : ''}`,
        d: pathOf(edge.points, direction),
        'marker-end': 'url(#arrow)',
        'data-from': edge.from,
        'data-to': edge.to,
      },
      s('title', {}, `${edge.from} → ${edge.to}: ${labels.map((label) => plain(label, 100)).join(', ')}`),
    );
    return path;
  });
  const arrow = s(
    'defs',
    {},
    s(
      'marker',
      { id: 'arrow', viewBox: '0 0 8 8', refX: 8, refY: 4, markerWidth: 8, markerHeight: 8, orient: 'auto' },
      s('path', { d: 'M0 0L8 4L0 8z' }),
    ),
  );
  // In running order, so that Tab and screen readers meet the tasks as they happen.
  const boxes = next.nodes.flatMap((node) => {
    const place = places.get(node.id);
    return place ? [box(node, place)] : [];
  });
  view.draw(
    [arrow, ...edges, ...boxes],
    placed,
    `Graph of ${next.pipeline}: ${next.nodes.length} tasks. Arrow keys move between tasks, Enter goes to the definition.`,
  );
  if (nextShape !== shape) {
    const first = shape === '';
    shape = nextShape;
    if (!first || !view.restore(host.recall('view'))) view.fit();
  }
  if (current !== undefined) point(current);
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
    h(
      'span',
      { class: 'group' },
      button('zoom-out', 'Zoom out', () => view.zoom(1 / 1.25), { iconOnly: true }),
      button('zoom-in', 'Zoom in', () => view.zoom(1.25), { iconOnly: true }),
      button('screen-full', 'Fit to the window', () => view.fit(), { iconOnly: true }),
    ),
  );
  for (const [index, element] of [...bar.querySelectorAll('button')].entries())
    element.dataset['key'] = `bar:${index}`;
}

const LEGEND = [
  ['none', 'never run'],
  ['running', 'running'],
  ['succeeded', 'up to date'],
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

window.addEventListener('resize', () => {
  if (graph && view.isFree()) draw(graph);
});

stage.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = ARROWS.find((key) => key === event.key);
  if (arrow && drawing && current !== undefined) {
    event.preventDefault();
    const next = neighbour(drawing, current, arrow, direction);
    if (next !== undefined) focus(next);
  } else if ((event.key === 'Enter' || event.key === ' ') && current !== undefined) {
    event.preventDefault();
    const node = graph?.nodes.find(({ id }) => id === current);
    if (node) host.send({ type: 'open', task: node.task });
  } else if (event.key === '+' || event.key === '=') view.zoom(1.25);
  else if (event.key === '-') view.zoom(1 / 1.25);
  else if (event.key === '0') view.fit();
  else if (event.key === 'Escape') hide();
});

const host = connect<ToGraph, FromGraph>((message) => {
  if (message.type === 'missing') {
    replace(bar, h('h1', {}, 'Graph'), h('span', { class: 'dim grow' }, message.message));
    view.draw([], { width: 0, height: 0 }, message.message);
    return;
  }
  graph = message.graph;
  const focused =
    document.activeElement instanceof SVGElement && document.activeElement.classList.contains('node');
  header(message.graph, message.canRun);
  draw(message.graph);
  const wanted =
    message.focus === undefined
      ? undefined
      : message.graph.nodes.find(({ task }) => task === message.focus)?.id;
  if (wanted !== undefined) focus(wanted);
  else if (focused && current !== undefined)
    stage
      .querySelector<SVGElement>(`.node[data-key="${CSS.escape(current)}"]`)
      ?.focus({ preventScroll: true });
});
