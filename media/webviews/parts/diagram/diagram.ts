/** Boxes and arrows that can be walked by mouse and by keyboard: what the graph of a pipeline and lineage share. */
import { plain } from '../../../../server/base/format.js';
import { layout, neighbour, pathOf, type Layout, type LayoutOptions } from '../../shared/charts/layout.js';
import { button, h, s } from '../dom.js';
import { on } from '../patch.js';
import { minimap, type Minimap } from './minimap.js';
import { viewport, type Viewport } from './viewport.js';

export const NODE_HEIGHT = 58;
const ARROWS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'] as const;

export interface DiagramNode {
  readonly id: string;
  readonly name: string;
  /** The line below the name. */
  readonly note: string;
  /** What screen readers say. Begins with the name and the note, so that people can say what they see. */
  readonly label: string;
  /** Class of the box: `kind-…`. */
  readonly kind: string;
  readonly glyph: HTMLElement;
  /** What one looks for first where not everything is on screen: the highest. */
  readonly weight?: number;
  /** What stands in the box that comes with the pointer or the focus. */
  readonly tip: () => readonly (Node | undefined)[];
}

export interface DiagramEdge {
  readonly from: string;
  readonly to: string;
  readonly title: string;
  /** Something goes along it now. */
  readonly live?: boolean;
}

export interface Diagram {
  /** @param label says what is drawn and how to walk in it */
  draw(nodes: readonly DiagramNode[], edges: readonly DiagramEdge[], label: string): void;
  clear(label: string): void;
  focus(id: string): void;
  /** Makes a node the one that the keyboard comes to first, without going there. */
  aim(id: string): void;
  /** Whether the keyboard is on a node. */
  isFocused(): boolean;
  /** Goes on where the keyboard was, after the nodes were drawn anew. */
  refocus(): void;
  /** A search, and buttons that turn and zoom. */
  readonly buttons: HTMLElement;
}

export interface DiagramHost {
  open(id: string): void;
  remember(key: string, value: unknown): void;
  recall(key: string): unknown;
}

/** The parts of a page that is one diagram. */
export interface DiagramPage {
  readonly bar: HTMLElement;
  readonly legend: HTMLElement;
  readonly view: Diagram;
}

/** Fills the page: a bar above, the diagram, a legend below. */
export function diagramPage(host: DiagramHost): DiagramPage {
  const bar = h('header', { class: 'bar' });
  const stage = h('div', { class: 'stage' });
  const tip = h('aside', { class: 'tip', role: 'tooltip', id: 'tip', hidden: '' });
  const legend = h('footer', { class: 'legend', 'aria-label': 'Legend' });
  (document.getElementById('root') ?? document.body).append(bar, stage, legend, tip);
  return { bar, legend, view: diagram(stage, tip, host) };
}

/** Pixels, of a box. */
const LEAST_WIDTH = 160;
const MOST_WIDTH = 310;
/** Before a text and behind it. */
const TEXT_LEFT = 36;
const TEXT_RIGHT = 14;
/** As in diagram.css. */
const FONTS = { name: '600 14px', note: '13px' } as const;

const pen = document.createElement('canvas').getContext('2d');

/** How wide a line of a box is, in pixels. */
function measured(text: string, font: keyof typeof FONTS): number {
  if (pen === null) return text.length * 9;
  pen.font = `${FONTS[font]} ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

function widthOf({ name, note }: DiagramNode): number {
  const text = Math.max(measured(plain(name), 'name'), measured(plain(note), 'note'));
  return Math.ceil(Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, TEXT_LEFT + text + TEXT_RIGHT)));
}

/** As much of a text as a box has room for. */
function fits(text: string, width: number, font: keyof typeof FONTS): string {
  const whole = plain(text);
  const share = (width - TEXT_LEFT - TEXT_RIGHT + 1) / measured(whole, font);
  return share >= 1 ? whole : plain(whole, Math.max(4, Math.floor(whole.length * share)));
}

/** A list with a title for a tip; nothing for no items. */
export function tipList(title: string, items: readonly string[]): Node | undefined {
  if (items.length === 0) return undefined;
  return h(
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
}

function diagram(stage: HTMLElement, tip: HTMLElement, host: DiagramHost): Diagram {
  const map: Minimap = minimap(stage, (x, y) => view.go(x, y));
  const view: Viewport = viewport(
    stage,
    (state) => host.remember('view', state),
    (shown) => map.follow(shown),
  );
  let drawing: Layout | undefined;
  /** Where everything is, of what was drawn last: what only changes its state stays in its place. */
  let laid: { readonly of: string; readonly across: Layout; readonly down: Layout } | undefined;
  const widths = new Map<string, number>();
  /** A box does not get narrower while its words change, so that nothing moves to and fro. */
  const grown = (node: DiagramNode): number => {
    const width = Math.max(widths.get(node.id) ?? 0, widthOf(node));
    widths.set(node.id, width);
    return width;
  };
  let direction: LayoutOptions['direction'] = 'right';
  let shape = '';
  let sought = '';
  const isSought = ({ name }: DiagramNode): boolean => sought !== '' && name.toLowerCase().includes(sought);
  let current: string | undefined;
  let last: { nodes: readonly DiagramNode[]; edges: readonly DiagramEdge[]; label: string } | undefined;

  const hide = (): void => {
    tip.hidden = true;
  };

  const show = (node: DiagramNode, element: Element): void => {
    tip.replaceChildren(...node.tip().flatMap((part) => part ?? []));
    tip.hidden = false;
    const own = element.getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    const below = own.bottom + 8 + size.height < window.innerHeight;
    tip.style.left = `${Math.max(8, Math.min(own.left, window.innerWidth - size.width - 8))}px`;
    tip.style.top = `${below ? own.bottom + 8 : Math.max(8, own.top - size.height - 8)}px`;
  };

  /** Makes a node the one that Tab leads to. */
  const point = (id: string): void => {
    current = id;
    for (const node of stage.querySelectorAll<SVGElement>('.node'))
      node.setAttribute('tabindex', node.dataset['key'] === id ? '0' : '-1');
  };

  /** The same, and marks the edges that touch it. */
  const select = (id: string): void => {
    point(id);
    for (const edge of stage.querySelectorAll<SVGElement>('.edge'))
      edge.classList.toggle('near', edge.dataset['from'] === id || edge.dataset['to'] === id);
  };

  const elementOf = (id: string): SVGElement | null =>
    stage.querySelector<SVGElement>(`.node[data-key="${CSS.escape(id)}"]`);

  const focus = (id: string): void => {
    const element = elementOf(id);
    if (!element) return;
    select(id);
    element.focus({ preventScroll: true });
    const place = drawing?.nodes.find((node) => node.id === id);
    if (place) view.reveal(place);
  };

  const box = (node: DiagramNode, place: Layout['nodes'][number]): SVGElement => {
    const { width } = place;
    const [name, note] = [fits(node.name, width, 'name'), fits(node.note, width, 'note')];
    const isWhole = name === plain(node.name) && note === plain(node.note);
    const element = s(
      'g',
      {
        class: `node kind-${node.kind}${isSought(node) ? ' found' : ''}`,
        transform: `translate(${place.x} ${place.y})`,
        role: 'button',
        tabindex: node.id === current ? 0 : -1,
        'data-key': node.id,
        'aria-label': isWhole ? node.label : `${name} ${note}: ${node.label}`,
      },
      s('rect', { width, height: NODE_HEIGHT, rx: 5 }),
      s('rect', { class: 'edge-mark', width: 4, height: NODE_HEIGHT, rx: 2 }),
      s('foreignObject', { x: 10, y: 10, width: 20, height: 20 }, node.glyph),
      s('text', { class: 'name', x: TEXT_LEFT, y: 24 }, name),
      // Words that are read together are no word.
      ' ',
      s('text', { class: 'note', x: TEXT_LEFT, y: 43 }, note),
    );
    on(element, 'click', () => {
      focus(node.id);
      host.open(node.id);
    });
    on(element, 'focus', () => select(node.id));
    on(element, 'pointerenter', (_, live) => show(node, live));
    on(element, 'pointerleave', hide);
    on(element, 'focusin', (_, live) => show(node, live));
    on(element, 'focusout', hide);
    return element;
  };

  const draw: Diagram['draw'] = (nodes, edges, label) => {
    last = { nodes, edges, label };
    const sizes = nodes.map((node) => ({ id: node.id, width: grown(node), height: NODE_HEIGHT }));
    const nextShape = JSON.stringify([
      nodes.map((node) => node.id),
      edges.map((edge) => [edge.from, edge.to]),
    ]);
    const sized = JSON.stringify([nextShape, sizes.map(({ width }) => width)]);
    if (laid?.of !== sized) {
      const across = layout(sizes, edges, { direction: 'right', layerGap: 56, nodeGap: 20 });
      const down = layout(sizes, edges, { direction: 'down', layerGap: 46, nodeGap: 26 });
      laid = { of: sized, across, down };
    }
    const { across, down } = laid;
    // Whichever can be shown larger: a panel beside the text is often tall and narrow.
    const turned = host.recall('direction');
    const wanted = turned === 'right' || turned === 'down' ? turned : undefined;
    direction = wanted ?? (view.scaleOf(down) > view.scaleOf(across) * 1.1 ? 'down' : 'right');
    const placed = direction === 'right' ? across : down;
    drawing = placed;
    const places = new Map(placed.nodes.map((node) => [node.id, node]));
    current = current !== undefined && places.has(current) ? current : placed.nodes[0]?.id;
    const arrow = s(
      'defs',
      {},
      s(
        'marker',
        {
          id: 'arrow',
          viewBox: '0 0 8 8',
          refX: 8,
          refY: 4,
          markerWidth: 11,
          markerHeight: 11,
          markerUnits: 'userSpaceOnUse',
          orient: 'auto',
        },
        s('path', { d: 'M0 0L8 4L0 8z' }),
      ),
    );
    const lines = placed.edges.map((edge, index) =>
      s(
        'path',
        {
          class: `edge${edges[index]?.live === true ? ' live' : ''}`,
          d: pathOf(edge.points, direction),
          'marker-end': 'url(#arrow)',
          'data-from': edge.from,
          'data-to': edge.to,
        },
        s('title', {}, edges[index]?.title ?? ''),
      ),
    );
    // In the order that was given, so that Tab and screen readers meet them as they happen.
    const boxes = nodes.flatMap((node) => {
      const place = places.get(node.id);
      return place ? [box(node, place)] : [];
    });
    const heaviest = nodes.reduce<DiagramNode | undefined>(
      (best, node) => ((node.weight ?? 0) > (best?.weight ?? 0) ? node : best),
      undefined,
    );
    map.draw(
      placed,
      nodes.flatMap((node) => {
        const place = places.get(node.id);
        return place ? [{ ...place, height: NODE_HEIGHT, kind: node.kind }] : [];
      }),
    );
    view.draw([arrow, ...lines, ...boxes], placed, label, heaviest && places.get(heaviest.id));
    if (nextShape !== shape) {
      const first = shape === '';
      shape = nextShape;
      if (!first || !view.restore(host.recall('view'))) view.fit();
    }
    if (current !== undefined) point(current);
  };

  window.addEventListener('resize', () => {
    if (last && view.isFree()) draw(last.nodes, last.edges, last.label);
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
      host.open(current);
    } else if (event.key === '+' || event.key === '=') view.zoom(1.25);
    else if (event.key === '-') view.zoom(1 / 1.25);
    else if (event.key === '0') view.fit();
    else if (event.key === 'Escape') hide();
  });

  /** Goes to the first node whose name has the text, or with Enter to the next one. */
  const find = (text: string, next: boolean): void => {
    const nodes = last?.nodes ?? [];
    sought = text.trim().toLowerCase();
    const found = nodes.filter(isSought);
    for (const node of stage.querySelectorAll<SVGElement>('.node'))
      node.classList.toggle(
        'found',
        found.some(({ id }) => id === node.dataset['key']),
      );
    const at = found.findIndex(({ id }) => id === current);
    const target = found[next ? (at + 1) % found.length : Math.max(0, at)];
    if (target === undefined) return;
    select(target.id);
    const place = drawing?.nodes.find(({ id }) => id === target.id);
    if (place) view.go(place.x + place.width / 2, place.y + place.height / 2);
  };
  const search = h('input', {
    type: 'text',
    class: 'find',
    placeholder: 'Find',
    'aria-label': 'Find by name; Enter goes to the next one',
    spellcheck: 'false',
  });
  on(search, 'input', (_, live) => find(live.value, false));
  on(search, 'keydown', (event, live) => {
    if (event.key === 'Enter') find(live.value, true);
    if (event.key === 'Escape' && current !== undefined) focus(current);
  });
  const turn = (): void => {
    host.remember('direction', direction === 'right' ? 'down' : 'right');
    if (last) draw(last.nodes, last.edges, last.label);
    view.fit();
  };

  return {
    draw,
    clear: (label) => {
      last = undefined;
      view.draw([], { width: 0, height: 0 }, label);
    },
    focus,
    aim: select,
    isFocused: () =>
      document.hasFocus() &&
      document.activeElement instanceof SVGElement &&
      document.activeElement.classList.contains('node'),
    refocus: () => {
      if (current !== undefined) elementOf(current)?.focus({ preventScroll: true });
    },
    buttons: h(
      'span',
      { class: 'group' },
      search,
      button('arrow-swap', 'Left to right, or top down', turn, { iconOnly: true }),
      button('zoom-out', 'Zoom out', () => view.zoom(1 / 1.25), { iconOnly: true }),
      button('zoom-in', 'Zoom in', () => view.zoom(1.25), { iconOnly: true }),
      button('screen-full', 'Fit to the window, as far as it can be read', () => view.fit(), {
        iconOnly: true,
      }),
    ),
  };
}
