/** What a version stands on and what became of it: a graph to walk, both ways. */
import type { LineageNodeView, LineageView } from '../../server/protocol/index.js';
import { diagramPage, tipList, type DiagramNode } from './parts/diagram/diagram.js';
import { h, icon } from './parts/dom.js';
import { connect } from './parts/host.js';
import { replace } from './parts/patch.js';
import { localDateTime, plain, plural } from '../../server/base/format.js';
import type { FromLineage, ToLineage } from './shared/messages/model.js';

let lineage: LineageView | undefined;

const { bar, legend, view } = diagramPage({
  open: (id) => {
    const node = lineage?.nodes.find((one) => one.id === id);
    if (node) open(node);
  },
  remember: (key, value) => host.remember(key, value),
  recall: (key) => host.recall(key),
});

/** Code that a task read is told apart from data: both are files that nobody here made. */
type Kind = LineageNodeView['kind'] | 'code';

const CODE = /\.(?:py|ipynb|r|jl|js|mjs|ts|sh|sql|ya?ml|toml|java|scala|go|rs|cc?|cpp|h)$/i;

function kindOf(node: LineageNodeView): Kind {
  return node.kind === 'data' && CODE.test(node.path) ? 'code' : node.kind;
}

const KINDS: Readonly<Record<Kind, { readonly icon: string; readonly word: string }>> = {
  code: { icon: 'file-code', word: 'code' },
  data: { icon: 'database', word: 'data' },
  view: { icon: 'table', word: 'feature view' },
  'training-set': { icon: 'combine', word: 'training set' },
  task: { icon: 'terminal', word: 'task' },
  artifact: { icon: 'file', word: 'artifact' },
  version: { icon: 'symbol-class', word: 'model version' },
  package: { icon: 'package', word: 'package' },
  release: { icon: 'rocket', word: 'release' },
  service: { icon: 'radio-tower', word: 'service' },
};

function open(node: LineageNodeView): void {
  switch (node.kind) {
    case 'task':
      host.send({ type: 'openRun', id: node.runId });
      return;
    case 'version':
      host.send({ type: 'openVersion', model: node.model, version: node.version });
      return;
    case 'view':
      host.send({ type: 'openView', view: node.view });
      return;
    case 'service':
      host.send({ type: 'openService', environment: node.environment, name: node.service });
      return;
    case 'package':
    case 'release':
      if (node.runId !== undefined) host.send({ type: 'openRun', id: node.runId });
      return;
    default:
      host.send({ type: 'openFile', uri: node.uri });
  }
}

function nameOf(node: LineageNodeView): string {
  switch (node.kind) {
    case 'task':
      return node.task;
    case 'version':
      return `${node.model} ${node.version}`;
    case 'package':
      return `${node.package} ${node.version}`;
    case 'release':
      return node.name;
    case 'service':
      return node.service;
    case 'view':
      return `${node.view} ${node.version}`;
    default:
      return node.path === '' ? shortHash(node.hash) : (node.path.split('/').at(-1) ?? node.path);
  }
}

const shortHash = (hash: string): string => hash.slice(hash.indexOf(':') + 1).slice(0, 12);

/** When a run began, told by its id: `20261123-110000-…` is UTC. */
function runTime(runId: string): string {
  const [, y = '', mo = '', d = '', hh = '', mi = '', ss = ''] =
    /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/.exec(runId) ?? [];
  return y === '' ? '' : localDateTime(`${y}-${mo}-${d}T${hh}:${mi}:${ss}Z`).slice(0, 16);
}

function noteOf(node: LineageNodeView): string {
  switch (node.kind) {
    case 'task':
      return `${node.pipeline}${runTime(node.runId) === '' ? '' : `, ${runTime(node.runId)}`}`;
    case 'version':
      return node.aliases.length === 0 ? 'model version' : node.aliases.join(', ');
    case 'package':
      return 'package';
    case 'release':
      return `release in ${node.environment}`;
    case 'service':
      return `service in ${node.environment}`;
    case 'view':
      return 'feature view';
    default:
      return `${KINDS[kindOf(node)].word} ${shortHash(node.hash)}`;
  }
}

function boxOf(node: LineageNodeView, { targets, edges, nodes }: LineageView): DiagramNode {
  const target = targets.includes(node.id);
  const names = new Map(nodes.map((one) => [one.id, nameOf(one)]));
  const from = edges.flatMap((edge) => (edge.to === node.id ? (names.get(edge.from) ?? []) : []));
  const into = edges.flatMap((edge) => (edge.from === node.id ? (names.get(edge.to) ?? []) : []));
  const kind = kindOf(node);
  const { word, icon: codicon } = KINDS[kind];
  const facts = tipFacts(node);
  return {
    id: node.id,
    name: nameOf(node),
    note: noteOf(node),
    label: [
      `${nameOf(node)}, ${noteOf(node)}`,
      word,
      target ? 'which was asked for' : '',
      from.length === 0 ? '' : `from ${from.join(', ')}`,
      into.length === 0 ? '' : `into ${into.join(', ')}`,
    ]
      .filter((part) => part !== '')
      .join(', '),
    kind: `${kind}${target ? ' target' : ''}`,
    glyph: icon(codicon, `kind-icon kind-${kind}`),
    tip: () => [
      h(
        'div',
        { class: 'tip-head' },
        icon(codicon),
        h('strong', {}, plain(nameOf(node))),
        h('span', { class: 'dim' }, word),
      ),
      ...facts.map((fact) => h('p', { class: 'dim' }, plain(fact, 300))),
      tipList('From', from),
      tipList('Into', into),
    ],
  };
}

function tipFacts(node: LineageNodeView): readonly string[] {
  switch (node.kind) {
    case 'task':
      return [`${node.action} task of a run of ${node.pipeline}`, node.runId, 'Click shows the run.'];
    case 'version':
      return [
        ...(node.aliases.length === 0 ? [] : [`Now ${node.aliases.join(', ')}`]),
        'Click shows it in the Models view.',
      ];
    case 'package':
      return node.runId === undefined ? [] : [node.runId, 'Click shows the run that made it.'];
    case 'view':
      return ['Click shows the profile of the view.'];
    case 'service':
      return [`In ${node.environment}`, 'Click shows how it does.'];
    case 'release':
      return [
        `${node.release} in ${node.environment}`,
        ...(node.runId === undefined ? [] : [node.runId, 'Click shows the run that deployed it.']),
      ];
    default:
      return [
        node.path,
        `sha256 ${shortHash(node.hash)}`,
        'Click opens the file of that name, which may have changed since.',
      ];
  }
}

function draw(title: string, next: LineageView): void {
  const count = (kind: Kind): number => next.nodes.filter((node) => kindOf(node) === kind).length;
  const runs = new Set(next.nodes.flatMap((node) => (node.kind === 'task' ? [node.runId] : []))).size;
  const words = [
    plural(count('data'), 'data file'),
    plural(count('view'), 'view version'),
    plural(runs, 'run'),
    plural(count('version'), 'model version'),
    plural(count('package'), 'package'),
    plural(count('release'), 'release'),
    plural(count('service'), 'service'),
    next.leftOut > 0 ? `${next.leftOut} more are left out` : '',
  ].filter((part) => part !== '' && !part.startsWith('0 '));
  replace(
    bar,
    h('h1', {}, plain(title, 80)),
    h('span', { class: 'dim grow' }, `what it was made from and what became of it · ${words.join(', ')}`),
    view.buttons,
  );
  view.draw(
    next.nodes.map((node) => boxOf(node, next)),
    next.edges.map(({ from, to }) => ({ from, to, title: '' })),
    `Lineage of ${title}: ${next.nodes.length} things. Arrow keys move between them, Enter opens one.`,
  );
}

legend.append(
  ...(
    [
      'data',
      'code',
      'view',
      'training-set',
      'task',
      'artifact',
      'version',
      'package',
      'release',
      'service',
    ] as const
  ).map((kind) =>
    h(
      'span',
      { class: `entry kind-${kind}` },
      icon(KINDS[kind].icon, `kind-icon kind-${kind}`),
      KINDS[kind].word,
    ),
  ),
  h('span', { class: 'dim hint' }, 'Click opens · arrow keys move · drag and wheel pan, Ctrl+wheel zooms'),
);

const host = connect<ToLineage, FromLineage>((message) => {
  if (message.type === 'missing') {
    replace(
      bar,
      h('h1', {}, plain(message.title, 80)),
      h('span', { class: 'dim grow' }, plain(message.message, 400)),
    );
    view.clear(message.message);
    return;
  }
  const first = lineage === undefined;
  lineage = message.lineage;
  const focused = view.isFocused();
  draw(message.title, message.lineage);
  const [target] = message.lineage.targets;
  if (first && target !== undefined) view.aim(target);
  else if (focused) view.refocus();
});
