/** `modelyard models lineage`: what something stands on, and what became of it, across all runs. */
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import { lineageSources } from '../../../serving/lineage-sources.js';
import { madeOf } from '../../../serving/releases/releases.js';
import {
  Lineage,
  type LineageGraph,
  type LineageNode,
  type LineageTarget,
} from '../../../stores/lineage/lineage.js';
import { isRunId } from '../../../stores/runs/id.js';
import { answer } from '../../answers.js';
import { JSON_FLAG, UsageError, wholeNumber } from '../../args.js';
import { startFolder } from '../../command.js';
import { EXIT, stderr, stdout } from '../../output.js';
import type { Style } from '../../terminal/style.js';
import { tame } from '../../terminal/text.js';
import { type Call, type Subcommand, valueOf, versionNamed } from './shared.js';

export const lineage: Subcommand = {
  usage:
    'lineage MODEL@VERSION | FILE | sha256:HASH | RUN[:TASK] | package:NAME@VERSION | release:ENVIRONMENT/ID | service:ENVIRONMENT/NAME | view:NAME@VERSION [--up] [--down] [--limit N]',
  summary: 'What a version or a release was made from, and what used a data file, across all runs.',
  flags: {
    ...JSON_FLAG,
    up: { type: 'boolean', help: 'Only what it was made of.' },
    down: { type: 'boolean', help: 'Only what became of it.' },
    limit: { type: 'string', value: 'N', help: 'At most so many steps. Default: 500.' },
  },
  least: 1,
  most: 1,
  run(call) {
    const { words, args, root, json, style } = call;
    const target = targetOf(call, words[0] ?? '');
    const up = args.flag('up') || !args.flag('down');
    const down = args.flag('down') || !args.flag('up');
    const limit = wholeNumber('limit', args.text('limit') ?? '500', 1);
    const store = Lineage.open(root, lineageSources(root));
    const before = up ? store.upstream(target, { limit }) : undefined;
    const after = down ? store.downstream(target, { limit }) : undefined;
    for (const { message } of store.problems) stderr.line(`modelyard: ${message}`);
    const upstream = before && valueOf(before).graph;
    const downstream = after && valueOf(after).graph;
    if (json) {
      answer('models lineage', {
        target,
        ...defined({ upstream, downstream }),
      });
      return EXIT.ok;
    }
    const lines = [
      ...(upstream === undefined ? [] : section('was made from', upstream, 'up', style)),
      ...(downstream === undefined ? [] : section('went into', downstream, 'down', style)),
    ];
    if (lines.length === 0) lines.push('No run and no version is known that has to do with it.');
    for (const line of lines) stdout.line(line);
    return EXIT.ok;
  },
};

function targetOf(call: Call, word: string): LineageTarget {
  if (/^sha256:[0-9a-f]{64}$/.test(word)) return { kind: 'file', hash: word };
  const [, app, appVersion] = /^package:([^@]+)@([^@]+)$/.exec(word) ?? [];
  if (app !== undefined && appVersion !== undefined) {
    return { kind: 'package', package: app, version: appVersion };
  }
  const [, environment, release] = /^release:([^/]+)\/([^/]+)$/.exec(word) ?? [];
  if (environment !== undefined && release !== undefined) return { kind: 'release', environment, release };
  const [, place, service] = /^service:([^/]+)\/([^/]+)$/.exec(word) ?? [];
  if (place !== undefined && service !== undefined) return { kind: 'service', environment: place, service };
  const [, view, viewVersion] = /^view:([^@]+)@([1-9]\d{0,14})$/.exec(word) ?? [];
  if (view !== undefined) return { kind: 'view', view, version: Number(viewVersion) };
  const [run = '', ...task] = word.split(':');
  if (isRunId(run)) {
    return { kind: 'task', run, ...(task.length === 0 ? {} : { task: task.join(':') }) };
  }
  if (/@|^models:/.test(word)) {
    const { version } = versionNamed(call, word);
    return { kind: 'version', model: version.name, version: version.version };
  }
  const relative = path
    .relative(call.root, path.resolve(startFolder(call.args), word))
    .split(path.sep)
    .join('/');
  if (relative === '' || relative.startsWith('../') || path.isAbsolute(relative)) {
    throw new UsageError(`${word} lies outside of the project`);
  }
  return { kind: 'file', path: relative };
}

/** The nodes that were asked for with what hangs on them, each written out once. */
function section(title: string, graph: LineageGraph, direction: 'up' | 'down', style: Style): string[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const next = new Map<string, string[]>();
  const reached = new Set<string>();
  for (const { from, to } of graph.edges) {
    const [near, far] = direction === 'up' ? [to, from] : [from, to];
    next.set(near, [...(next.get(near) ?? []), far]);
    reached.add(far);
  }
  const unreached = graph.nodes.filter((node) => !reached.has(node.id));
  const roots = unreached.length > 0 ? unreached : graph.nodes.slice(0, 1);
  const lines: string[] = [];
  const written = new Set<string>();
  // An own stack: a chain of a thousand runs must not be a thousand calls deep.
  const left = roots.toReversed().map((node) => ({ node, depth: 0 }));
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    const { node, depth } = at;
    const further = (next.get(node.id) ?? []).flatMap((id) => nodes.get(id) ?? []);
    if (depth === 0 && further.length === 0) continue;
    const again = written.has(node.id) && further.length > 0;
    const label = describeNode(node, style);
    const head = depth === 0 ? `${label} ${title}` : `${'  '.repeat(Math.min(depth, 20))}${label}`;
    lines.push(`${head}${again ? style.dim(' (see above)') : ''}`);
    if (again) continue;
    written.add(node.id);
    for (const one of further.toReversed()) left.push({ node: one, depth: depth + 1 });
  }
  if (direction === 'down' && lines.length > 0) {
    const versions = graph.nodes.flatMap((node) =>
      node.kind === 'version' ? [`${node.model} ${node.version}`] : [],
    );
    const services = graph.nodes.flatMap((node) =>
      node.kind === 'service' ? [`${node.service} in ${node.environment}`] : [],
    );
    const releases = graph.nodes.flatMap((node) =>
      node.kind === 'release' ? [`${madeOf(node)} in ${node.environment}`] : [],
    );
    if (versions.length > 0) lines.push(`${style.bold('Versions')}: ${tame(versions.join(', '), false)}`);
    if (releases.length > 0) lines.push(`${style.bold('Releases')}: ${tame(releases.join(', '), false)}`);
    if (services.length > 0) lines.push(`${style.bold('Services')}: ${tame(services.join(', '), false)}`);
  }
  if (graph.truncated) {
    const all = Object.values(graph.counts).reduce((sum, count) => sum + count, 0);
    lines.push(style.yellow(`… ${all - graph.nodes.length} more are left out; --limit shows them`));
  }
  return lines;
}

function describeNode(node: LineageNode, style: Style): string {
  switch (node.kind) {
    case 'version':
      return style.bold(tame(`${node.model} ${node.version}`, false));
    case 'package':
      return `${tame(`${node.package} ${node.version}`, false)} ${style.dim('(package)')}`;
    case 'release':
      return `${style.bold(tame(madeOf(node), false))} ${style.dim(`(release ${tame(node.release, false)} in ${tame(node.environment, false)})`)}`;
    case 'service':
      return `${style.bold(tame(node.service, false))} ${style.dim(`(service in ${tame(node.environment, false)})`)}`;
    case 'view':
      return `${tame(`${node.view} ${node.version}`, false)} ${style.dim('(feature view)')}`;
    case 'task':
      return `${tame(node.task, false)} ${style.dim(`(${node.action}, run ${node.run} of ${tame(node.pipeline, false)})`)}`;
    default:
      return `${tame(node.path, false)} ${style.dim(`(${node.kind}, ${node.hash.slice(7, 19)})`)}`;
  }
}
