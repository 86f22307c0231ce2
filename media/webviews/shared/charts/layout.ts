/**
 * A layered layout of a graph (Sugiyama's way): layers by the longest path, dummies on long edges, crossings reduced by
 * medians, then coordinates that pull nodes to their neighbours. Left to right or top to bottom. Pure; cycles are
 * broken at the edge that closes them, so that a broken definition can still be looked at.
 */

export interface LayoutNode {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export interface LayoutEdge {
  readonly from: string;
  readonly to: string;
}

export interface PlacedNode extends LayoutNode {
  /** Of the upper left corner. */
  readonly x: number;
  readonly y: number;
  readonly layer: number;
}

export interface PlacedEdge extends LayoutEdge {
  /** From the border of `from` through the layers between to the border of `to`. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Layout {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
}

export interface LayoutOptions {
  readonly direction: 'right' | 'down';
  /** Between layers. */
  readonly layerGap: number;
  /** Between nodes of a layer. */
  readonly nodeGap: number;
}

const SWEEPS = 8;
const PULLS = 12;

/** A node, or a dummy where a long edge crosses a layer; `across` is its size along the layer. */
interface Cell {
  readonly index: number;
  readonly layer: number;
  readonly across: number;
  readonly before: Cell[];
  readonly after: Cell[];
  order: number;
  centre: number;
}

/** Edges between known nodes without those that point back while walking in the given order (self loops included). */
function withoutCycles(ids: readonly string[], edges: readonly LayoutEdge[]): readonly LayoutEdge[] {
  const outgoing = new Map<string, LayoutEdge[]>(ids.map((id) => [id, []]));
  for (const edge of edges) if (outgoing.has(edge.to)) outgoing.get(edge.from)?.push(edge);
  const state = new Map<string, 'open' | 'done'>();
  const kept: LayoutEdge[] = [];
  for (const root of ids) {
    if (state.has(root)) continue;
    state.set(root, 'open');
    const stack = [{ id: root, next: 0 }];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const edge = outgoing.get(top.id)?.[top.next++];
      if (!edge) {
        state.set(top.id, 'done');
        stack.pop();
        continue;
      }
      const seen = state.get(edge.to);
      if (seen === 'open') continue;
      kept.push(edge);
      if (seen === undefined) {
        state.set(edge.to, 'open');
        stack.push({ id: edge.to, next: 0 });
      }
    }
  }
  return kept;
}

/** Length of the longest path to each node. */
function layersOf(ids: readonly string[], edges: readonly LayoutEdge[]): ReadonlyMap<string, number> {
  const incoming = new Map<string, number>(ids.map((id) => [id, 0]));
  const outgoing = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { from, to } of edges) {
    outgoing.get(from)?.push(to);
    incoming.set(to, (incoming.get(to) ?? 0) + 1);
  }
  const layers = new Map<string, number>();
  const ready = ids.filter((id) => incoming.get(id) === 0);
  for (const id of ready) layers.set(id, 0);
  // Grows while it is walked.
  for (const id of ready) {
    for (const to of outgoing.get(id) ?? []) {
      layers.set(to, Math.max(layers.get(to) ?? 0, (layers.get(id) ?? 0) + 1));
      const left = (incoming.get(to) ?? 0) - 1;
      incoming.set(to, left);
      if (left === 0) ready.push(to);
    }
  }
  return layers;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

function number(layer: readonly Cell[]): void {
  layer.forEach((cell, order) => (cell.order = order));
}

/** How many edges cross between two neighbouring layers. */
function crossingsAfter(layer: readonly Cell[]): number {
  const ends: number[] = [];
  let crossings = 0;
  for (const cell of layer) {
    const own = cell.after.map((next) => next.order).sort((a, b) => a - b);
    for (const end of own) for (const earlier of ends) if (earlier > end) crossings++;
    ends.push(...own);
  }
  return crossings;
}

/** Orders each layer so that few edges cross. Bounded work: very large graphs keep the order they came in. */
function reduceCrossings(layers: readonly Cell[][]): void {
  const size = layers.reduce((sum, layer) => sum + layer.length, 0);
  const total = (): number => layers.reduce((sum, layer) => sum + crossingsAfter(layer), 0);
  if (size > 3000) return;
  let best = layers.map((layer) => [...layer]);
  let least = total();
  for (let sweep = 0; sweep < SWEEPS && least > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      const key = new Map(
        layer.map((cell) => {
          const towards = down ? cell.before : cell.after;
          return [cell, towards.length === 0 ? cell.order : median(towards.map((other) => other.order))];
        }),
      );
      layer.sort((a, b) => (key.get(a) ?? 0) - (key.get(b) ?? 0) || a.order - b.order);
      number(layer);
    }
    const now = total();
    if (now < least) {
      least = now;
      best = layers.map((layer) => [...layer]);
    }
  }
  best.forEach((layer, index) => {
    layers[index]?.splice(0, layer.length, ...layer);
    number(layer);
  });
}

/** Moves the cells of a layer towards where they would like to be, keeping order and gaps. */
function settle(layer: readonly Cell[], wish: (cell: Cell) => number, gap: number): void {
  // Blocks of touching cells, each placed at the mean of its members' wishes (pool adjacent violators).
  const blocks: { cells: Cell[]; size: number; sum: number; start: number }[] = [];
  for (const cell of layer) {
    let block = { cells: [cell], size: cell.across, sum: wish(cell) - cell.across / 2, start: 0 };
    block.start = block.sum;
    for (let last = blocks.at(-1); last && last.start + last.size + gap > block.start; last = blocks.at(-1)) {
      blocks.pop();
      const shift = last.size + gap;
      const cells = [...last.cells, ...block.cells];
      const sum = last.sum + block.sum - shift * block.cells.length;
      block = { cells, size: shift + block.size, sum, start: sum / cells.length };
    }
    blocks.push(block);
  }
  for (const block of blocks) {
    let at = block.start;
    for (const cell of block.cells) {
      cell.centre = at + cell.across / 2;
      at += cell.across + gap;
    }
  }
}

function place(layers: readonly Cell[][], gap: number): void {
  for (const layer of layers) {
    let at = 0;
    for (const cell of layer) {
      cell.centre = at + cell.across / 2;
      at += cell.across + gap;
    }
    const middle = (at - gap) / 2;
    for (const cell of layer) cell.centre -= middle;
  }
  for (let pull = 0; pull < PULLS; pull++) {
    const down = pull % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      settle(
        layer,
        (cell) => {
          const near = pull >= PULLS - 2 ? [...cell.before, ...cell.after] : down ? cell.before : cell.after;
          return near.length === 0 ? cell.centre : median(near.map((other) => other.centre));
        },
        gap,
      );
    }
  }
}

/** Where each node stands and how each edge goes. Deterministic: the same graph gives the same picture. */
export function layout(
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  options: LayoutOptions,
): Layout {
  const right = options.direction === 'right';
  const unique = [...new Map(nodes.map((node) => [node.id, node])).values()];
  const ids = unique.map((node) => node.id);
  const kept = withoutCycles(ids, edges);
  const layerOf = layersOf(ids, kept);
  const layers: Cell[][] = [];
  let count = 0;
  const make = (layer: number, across: number): Cell => {
    const cell: Cell = { index: count++, layer, across, before: [], after: [], order: 0, centre: 0 };
    (layers[layer] ??= []).push(cell);
    return cell;
  };
  const cells = new Map<string, Cell>();
  for (const node of unique)
    cells.set(node.id, make(layerOf.get(node.id) ?? 0, right ? node.height : node.width));
  const join = (a: Cell, b: Cell): void => {
    a.after.push(b);
    b.before.push(a);
  };
  const ways = new Map<LayoutEdge, Cell[]>();
  for (const edge of kept) {
    const from = cells.get(edge.from);
    const to = cells.get(edge.to);
    if (!from || !to) continue;
    const way: Cell[] = [];
    let last = from;
    for (let layer = from.layer + 1; layer < to.layer; layer++) {
      const dummy = make(layer, 8);
      join(last, dummy);
      way.push(dummy);
      last = dummy;
    }
    join(last, to);
    ways.set(edge, way);
  }
  for (const layer of layers) number(layer);
  reduceCrossings(layers);
  place(layers, options.nodeGap);

  const depth = layers.map(() => 0);
  for (const node of unique) {
    const layer = layerOf.get(node.id) ?? 0;
    depth[layer] = Math.max(depth[layer] ?? 0, right ? node.width : node.height);
  }
  const starts: number[] = [];
  let at = 0;
  for (const size of depth) {
    starts.push(at);
    at += size + options.layerGap;
  }
  const along = Math.max(0, at - options.layerGap);
  const all = layers.flat();
  const low = all.reduce((min, cell) => Math.min(min, cell.centre - cell.across / 2), Infinity);
  const high = all.reduce((max, cell) => Math.max(max, cell.centre + cell.across / 2), -Infinity);
  const across = all.length === 0 ? 0 : high - low;
  const point = (alongAt: number, acrossAt: number): { x: number; y: number } =>
    right ? { x: alongAt, y: acrossAt - low } : { x: acrossAt - low, y: alongAt };

  const placed = unique.map((node): PlacedNode => {
    const cell = cells.get(node.id);
    const layer = cell?.layer ?? 0;
    const size = right ? node.width : node.height;
    const offset = ((depth[layer] ?? size) - size) / 2;
    const corner = point((starts[layer] ?? 0) + offset, (cell?.centre ?? 0) - (cell?.across ?? 0) / 2);
    return { ...node, ...corner, layer };
  });
  const byId = new Map(placed.map((node) => [node.id, node]));
  const drawn: PlacedEdge[] = [];
  for (const edge of edges) {
    const from = byId.get(edge.from);
    const to = byId.get(edge.to);
    if (!from || !to) continue;
    const leave = right
      ? { x: from.x + from.width, y: from.y + from.height / 2 }
      : { x: from.x + from.width / 2, y: from.y + from.height };
    const arrive = right ? { x: to.x, y: to.y + to.height / 2 } : { x: to.x + to.width / 2, y: to.y };
    const between = (ways.get(edge) ?? []).flatMap((cell) => {
      const start = starts[cell.layer] ?? 0;
      return [point(start, cell.centre), point(start + (depth[cell.layer] ?? 0), cell.centre)];
    });
    drawn.push({ from: edge.from, to: edge.to, points: [leave, ...between, arrive] });
  }
  return { nodes: placed, edges: drawn, width: right ? along : across, height: right ? across : along };
}

/** A smooth SVG path through the points of an edge. */
export function pathOf(points: PlacedEdge['points'], direction: LayoutOptions['direction']): string {
  const [first, ...rest] = points;
  if (!first) return '';
  const round = (value: number): number => Math.round(value * 10) / 10;
  let path = `M${round(first.x)} ${round(first.y)}`;
  let last = first;
  for (const next of rest) {
    if (direction === 'right') {
      const middle = (last.x + next.x) / 2;
      path += `C${round(middle)} ${round(last.y)} ${round(middle)} ${round(next.y)} ${round(next.x)} ${round(next.y)}`;
    } else {
      const middle = (last.y + next.y) / 2;
      path += `C${round(last.x)} ${round(middle)} ${round(next.x)} ${round(middle)} ${round(next.x)} ${round(next.y)}`;
    }
    last = next;
  }
  return path;
}

/** Which node the arrow keys lead to: along the edges in the direction of the layers, within the layer across. */
export function neighbour(
  drawing: Layout,
  id: string,
  key: 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown',
  direction: LayoutOptions['direction'],
): string | undefined {
  const from = drawing.nodes.find((node) => node.id === id);
  if (!from) return undefined;
  const right = direction === 'right';
  const forward = right ? 'ArrowRight' : 'ArrowDown';
  const backward = right ? 'ArrowLeft' : 'ArrowUp';
  const middle = (node: PlacedNode): number => (right ? node.y + node.height / 2 : node.x + node.width / 2);
  const nearest = (among: readonly PlacedNode[]): string | undefined =>
    [...among].sort((a, b) => Math.abs(middle(a) - middle(from)) - Math.abs(middle(b) - middle(from)))[0]?.id;
  if (key === forward || key === backward) {
    const linked = new Set(
      drawing.edges
        .filter((edge) => (key === forward ? edge.from : edge.to) === id)
        .map((edge) => (key === forward ? edge.to : edge.from)),
    );
    const targets = drawing.nodes.filter((node) => linked.has(node.id));
    if (targets.length > 0) return nearest(targets);
    const step = key === forward ? 1 : -1;
    return nearest(drawing.nodes.filter((node) => node.layer === from.layer + step));
  }
  const sign = key === 'ArrowDown' || key === 'ArrowRight' ? 1 : -1;
  return nearest(
    drawing.nodes.filter((node) => node.layer === from.layer && (middle(node) - middle(from)) * sign > 0),
  );
}
