/** Lineage both ways as one graph, for a view. */
import { defined } from '../../../base/defined.js';
import type { Answer, LineageNodeView, LineageTargetParams, LineageView } from '../../../protocol/index.js';
import { madeOf } from '../../../serving/releases/releases.js';
import type {
  Lineage,
  LineageEdge,
  LineageGraph,
  LineageNode,
  LineageTarget,
} from '../../../stores/lineage/lineage.js';
import { aliasesOf } from '../../../stores/registry/registry.js';
import type { Registry } from '../../../stores/registry/registry.js';
import type { Outcome } from '../../../stores/registry/types.js';
import { uriOfPath } from '../../documents.js';
import { placeOf } from './view.js';

/** Actions whose tasks make no files of the workspace. */
const NO_FILES: ReadonlySet<string> = new Set(['register', 'materialize']);

/** More can't be looked at. */
const MAX_NODES = 300;

/** What the questions up and down are about. What became of a version is what became of its bytes. */
function targetsOf(
  registry: Registry,
  params: LineageTargetParams,
): Outcome<{ readonly up: LineageTarget; readonly down: LineageTarget }> {
  if ('runId' in params) {
    const task = params.task === undefined ? {} : { task: params.task };
    const target: LineageTarget = { kind: 'task', run: params.runId, ...task };
    return { ok: true, up: target, down: target };
  }
  if ('path' in params) {
    const target: LineageTarget = { kind: 'file', path: params.path };
    return { ok: true, up: target, down: target };
  }
  const found = registry.version(params.model, params.version);
  if (!found.ok) return found;
  const { name, version, artifact } = found.version;
  return {
    ok: true,
    up: { kind: 'version', model: name, version },
    down: { kind: 'file', hash: artifact.hash },
  };
}

/**
 * What the target stands on and what became of it.
 * @param limit of nodes each way
 */
export function lineageView(
  root: string,
  registry: Registry,
  lineage: Lineage,
  params: LineageTargetParams & { readonly limit?: number },
): Answer<{ readonly lineage: LineageView }> {
  const limit = Math.max(1, Math.min(MAX_NODES, Math.floor(params.limit ?? MAX_NODES)));
  const targets = targetsOf(registry, params);
  if (!targets.ok) return { ok: false, message: targets.error.message };
  const up = lineage.upstream(targets.up, { limit });
  if (!up.ok) return { ok: false, message: up.error.message };
  const down = lineage.downstream(targets.down, { limit });
  if (!down.ok) return { ok: false, message: down.error.message };
  const asked = startsOf(up.graph, 'up');
  const { nodes, edges } = merged(up.graph, down.graph, asked);
  const aliases = new Map<string, Readonly<Record<string, string>>>();
  const aliasesFor = (model: string): Readonly<Record<string, string>> => {
    let known = aliases.get(model);
    if (known === undefined) {
      const found = registry.model(model);
      known = found.ok ? found.model.aliases : {};
      aliases.set(model, known);
    }
    return known;
  };
  return {
    ok: true,
    lineage: {
      targets: asked,
      nodes: nodes.map((node) => nodeView(root, node, aliasesFor)),
      edges,
      leftOut: leftOut(up.graph) + leftOut(down.graph),
    },
  };
}

/** The nodes that were asked for: nothing nearer leads to them. */
function startsOf({ nodes, edges }: LineageGraph, direction: 'up' | 'down'): readonly string[] {
  const reached = new Set(edges.map(({ from, to }) => (direction === 'up' ? from : to)));
  const starts = nodes.flatMap(({ id }) => (reached.has(id) ? [] : [id]));
  return starts.length > 0 ? starts : nodes.slice(0, 1).map(({ id }) => id);
}

function merged(
  up: LineageGraph,
  down: LineageGraph,
  asked: readonly string[],
): { readonly nodes: readonly LineageNode[]; readonly edges: readonly LineageEdge[] } {
  const nodes = new Map([...up.nodes, ...down.nodes].map((node) => [node.id, node]));
  const edges = new Map([...up.edges, ...down.edges].map((edge) => [`${edge.from}\n${edge.to}`, edge]));
  // Half of a release is the app: no question about a model leads there, and yet it is with it that the model went out.
  for (const node of [...nodes.values()]) {
    if (node.kind !== 'release') continue;
    const { name, version, run } = node.package;
    const id = `package:${name}@${version}`;
    if (!nodes.has(id)) nodes.set(id, { kind: 'package', id, package: name, version, ...defined({ run }) });
    edges.set(`${id}\n${node.id}`, { from: id, to: node.id });
  }
  // A task that registered or materialized leads nowhere in the graph: what it made stands beside it.
  const leading = new Set([...edges.values()].map(({ from }) => from));
  for (const node of [...nodes.values()]) {
    if (node.kind !== 'task' || !NO_FILES.has(node.action)) continue;
    if (leading.has(node.id) || asked.includes(node.id)) continue;
    nodes.delete(node.id);
    for (const [key, { to }] of edges) if (to === node.id) edges.delete(key);
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

function nodeView(
  root: string,
  node: LineageNode,
  aliasesFor: (model: string) => Readonly<Record<string, string>>,
): LineageNodeView {
  switch (node.kind) {
    case 'task': {
      const { kind, id, run, pipeline, task, action } = node;
      return { kind, id, runId: run, pipeline, task, action };
    }
    case 'version': {
      const { kind, id, model, version } = node;
      return { kind, id, model, version, aliases: aliasesOf({ aliases: aliasesFor(model) }, version) };
    }
    case 'package': {
      const { kind, id, package: name, version, run } = node;
      return { kind, id, package: name, version, ...defined({ runId: run }) };
    }
    case 'view':
    case 'service':
      return node;
    case 'release': {
      const { kind, id, environment, release, run } = node;
      const name = madeOf(node);
      return { kind, id, environment, release, name, ...defined({ runId: run }) };
    }
    default: {
      const { kind, id, path, hash } = node;
      return { kind, id, path, hash, uri: uriOfPath(placeOf(root, path)) };
    }
  }
}

function leftOut({ nodes, counts }: LineageGraph): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0) - nodes.length;
}
