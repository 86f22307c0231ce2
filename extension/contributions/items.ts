/**
 * What the items of the trees are to the menus: a kind, and marks for what holds of it now. Items carry them as one text,
 * `run.ended.resumable`, and the conditions of the menus are made of the same words.
 */

/** Marks by kind, in the order in which a text has them. */
const ITEMS = {
  // Pipelines
  project: [],
  pipeline: ['active'],
  task: ['command'],
  dvcGroup: [],
  dvcData: ['missing', 'cached', 'file'],
  dvcProblem: [],
  // Features
  entity: [],
  feature: [],
  featureService: [],
  featureUser: ['model', 'pipeline'],
  featureView: ['never', 'one', 'versions'],
  serviceEntry: [],
  services: [],
  // Models
  features: [],
  metrics: [],
  model: ['deleted', 'aliased'],
  modelArtifact: ['gone'],
  modelRun: ['gone'],
  moreVersions: [],
  unused: [],
  use: ['task', 'version', 'release', 'served'],
  uses: [],
  version: ['deleted', 'aliased', 'run'],
  // Services
  address: [],
  alert: ['firing', 'placed'],
  environment: [],
  event: ['run'],
  message: [],
  numbers: [],
  release: ['current', 'canary', 'starting', 'previous', 'idle', 'model', 'run'],
  releases: [],
  rules: [],
  service: ['up', 'down', 'lost', 'serving', 'canary', 'deploying', 'back'],
  serviceHistory: [],
  // Runs
  approval: ['others', 'expired'],
  approvalDetail: ['prompt', 'changed', 'environment', 'artifact', 'metric', 'comparison', 'row', 'answer'],
  artifact: ['gone', 'version'],
  check: [],
  error: [],
  group: [],
  log: [],
  memory: ['link'],
  metric: [],
  more: [],
  param: [],
  params: [],
  problem: [],
  registered: [],
  run: ['active', 'waiting', 'ended', 'resumable', 'tracked'],
  taskRun: ['log', 'job', 'live'],
  trash: [],
  trashEntry: [],
} as const satisfies Record<string, readonly string[]>;

export type ItemKind = keyof typeof ITEMS;
export type ItemMark<K extends ItemKind> = (typeof ITEMS)[K][number];

/** The text of an item: its kind alone, or with marks. */
export type ItemContext = {
  [K in ItemKind]: K | `${K}.${ItemMark<K>}` | `${K}.${ItemMark<K>}.${string}`;
}[ItemKind];

/** @param marks those that hold; nothing in the place of the others */
export function itemContext<K extends ItemKind>(
  kind: K,
  ...marks: readonly (ItemMark<K> | false | undefined)[]
): ItemContext {
  const all: readonly string[] = ITEMS[kind];
  const held = all.filter((mark) => marks.some((one) => one === mark));
  return [kind, ...held].join('.') as ItemContext;
}

/** Items of a kind that have all of the marks. */
export function is<K extends ItemKind>(kind: K, ...marks: readonly ItemMark<K>[]): string {
  if (ITEMS[kind].length === 0) return `viewItem == ${kind}`;
  return matching(`${kind}${marks.map((mark) => `(\\..*)?\\.${mark}`).join('')}`);
}

/** Items of a kind that have one of the marks at least. */
export function isAny<K extends ItemKind>(kind: K, ...marks: readonly ItemMark<K>[]): string {
  return matching(`${kind}(\\..*)?\\.(${marks.join('|')})`);
}

/** Items of a kind that have none of the marks. */
export function isWithout<K extends ItemKind>(kind: K, ...marks: readonly ItemMark<K>[]): string {
  return matching(`${kind}(?!(\\..*)?\\.(${marks.join('|')})(\\.|$))`);
}

/** Items of some kinds that do not have a mark which they share. */
export function isOneWithout<K extends ItemKind>(kinds: readonly K[], mark: ItemMark<K>): string {
  return matching(`(${kinds.join('|')})(?!(\\..*)?\\.(${mark})(\\.|$))`);
}

/** Items of some kinds, whatever their marks. */
export function isOneOf(...kinds: readonly ItemKind[]): string {
  return matching(`(${kinds.join('|')})`);
}

function matching(pattern: string): string {
  return `viewItem =~ /^${pattern}(\\.|$)/`;
}
