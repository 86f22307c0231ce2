/** A project in memory: definitions from texts, and a disk that is a list. */
import type { OpenedFiles } from '../../server/base/runs/task-outcome.js';
import { define, type Definition } from '../../server/definition/read/analyze.js';
import type { NodeGroup } from '../../server/definition/known/cluster.js';
import type { ViewFacts, ViewState } from '../../server/definition/known/feature-facts.js';
import { globOf } from '../../server/definition/text/glob.js';
import { secretByName } from '../../server/definition/text/secret-files.js';
import type { RuleSeverity } from '../../server/definition/definition.js';
import type { Edit, ExampleModel, Finding, Probe, ProjectView } from '../../server/rules/rule.js';
import { checkDefinition } from '../../server/rules/index.js';
import { detectKind } from '../../server/definition/detect/ours.js';
import { paramsDefinition, withParamFiles } from '../../server/definition/params/files.js';
import { knownPackages } from './known-packages.js';
import { knownModels } from './known-models.js';

export interface MemoryOptions {
  /** All files besides the definitions; without it nothing is known about the disk. */
  readonly disk?: readonly string[];
  /** Links: where they lead, relative to the project or absolute. */
  readonly links?: Readonly<Record<string, string>>;
  /** The registered models; without it nothing is known of them. */
  readonly models?: Readonly<Record<string, ExampleModel>>;
  /** Files that git tracks. */
  readonly tracked?: readonly string[];
  /** Paths at which runs have put something out. */
  readonly made?: readonly string[];
  /** App packages: how many versions each has; without it nothing is known of them. */
  readonly packages?: Readonly<Record<string, number>>;
  /** What is known of the data of feature views, by name. */
  readonly facts?: Readonly<Record<string, ViewFacts>>;
  readonly states?: Readonly<Record<string, ViewState>>;
  /** What is known of files of labels, by path. */
  readonly labels?: Readonly<Record<string, ViewFacts>>;
  readonly cluster?: readonly NodeGroup[];
  /** By `pipeline.task`. */
  readonly peaks?: Readonly<Record<string, number>>;
  readonly opened?: Readonly<Record<string, OpenedFiles>>;
  /** As the editor's settings would have them. */
  readonly severities?: Readonly<Record<string, RuleSeverity>>;
}

export interface MemoryProject {
  readonly view: ProjectView;
  definition(path: string): Definition;
  findings(path: string): Finding[];
}

export function memoryProject(
  files: Readonly<Record<string, string>>,
  options: MemoryOptions = {},
): MemoryProject {
  const written = Object.entries(files).map(([path, text]) =>
    define(text, path, detectKind(path, text) ?? 'pipeline'),
  );
  const params = new Set(
    written
      .flatMap((one) => (one.kind === 'pipeline' ? (one.pipeline.paramFiles ?? []) : []))
      .map(({ path }) => path),
  );
  const definitions = written.map((one): Definition => {
    if (params.has(one.path)) return paramsDefinition(one.tree.text, one.path);
    if (one.kind !== 'pipeline') return one;
    return withParamFiles(one, (path) => {
      const text = files[path];
      if (text === undefined) return { ok: false, why: 'does not exist.' };
      return { ok: true, tree: paramsDefinition(text, path).tree };
    });
  });
  const pipelinesByName = new Map<string, Definition[]>();
  for (const definition of definitions) {
    if (definition.kind !== 'pipeline') continue;
    const { name } = definition.pipeline;
    pipelinesByName.set(name, [...(pipelinesByName.get(name) ?? []), definition]);
  }
  const features = definitions.filter((definition) => definition.kind === 'features');
  const disk = options.disk === undefined ? undefined : new Set([...options.disk, ...Object.keys(files)]);
  const links = new Map(Object.entries(options.links ?? {}));
  const cluster =
    options.cluster === undefined ? undefined : { at: '2026-11-29T12:00:00.000Z', groups: options.cluster };
  const view: ProjectView = {
    definitions: () => definitions,
    features: () => features,
    settings: () => definitions.find((definition) => definition.kind === 'project'),
    pipelinesByName,
    probe: (path) => probe(path, disk, links),
    text: (path) => {
      const text = files[path];
      return text === undefined ? { kind: 'missing' } : { kind: 'text', text };
    },
    matches: (glob) =>
      disk === undefined ? undefined : [...disk].some((file) => globOf(glob).matches(file)),
    tracked: (path) =>
      options.tracked?.find((file) => path === '' || file === path || file.startsWith(`${path}/`)),
    made: (path) => (disk === undefined ? undefined : (options.made ?? []).includes(path)),
    secretFiles: (glob) =>
      disk === undefined
        ? undefined
        : [...disk].filter((file) => globOf(glob).matches(file) && secretByName(file) !== undefined).sort(),
    cluster: () => cluster,
    peak: (pipeline, task) => options.peaks?.[`${pipeline}.${task}`],
    opened: (pipeline, task) => options.opened?.[`${pipeline}.${task}`],
    models: options.models === undefined ? undefined : knownModels(options.models),
    packages: options.packages === undefined ? undefined : knownPackages(options.packages),
    viewFacts: (_path, { name }) => options.facts?.[name],
    labelFacts: (_path, labels) => options.labels?.[labels.path],
    viewState: (name) => options.states?.[name],
    severities: new Map([...ownSeverities(definitions), ...Object.entries(options.severities ?? {})]),
  };
  const definition = (path: string): Definition => {
    const found = definitions.find((candidate) => candidate.path === path);
    if (found === undefined) throw new Error(`no definition ${path}`);
    return found;
  };
  return { view, definition, findings: (path) => checkDefinition(definition(path), view) };
}

function ownSeverities(definitions: readonly Definition[]): [string, RuleSeverity][] {
  return definitions.flatMap((definition) =>
    definition.kind === 'project'
      ? definition.settings.rules.map((rule): [string, RuleSeverity] => [rule.id.value, rule.severity])
      : [],
  );
}

function probe(
  path: string,
  disk: ReadonlySet<string> | undefined,
  links: ReadonlyMap<string, string>,
  depth = 0,
): Probe {
  if (path.startsWith('/') || path.startsWith('..')) return 'outside';
  for (const [link, target] of links) {
    if (path === link || path.startsWith(`${link}/`))
      return depth > 8 ? 'unknown' : probe(target + path.slice(link.length), disk, links, depth + 1);
  }
  if (disk === undefined) return 'unknown';
  if (disk.has(path)) return 'file';
  for (const file of disk) if (file.startsWith(`${path}/`)) return 'folder';
  return path === '' ? 'folder' : 'missing';
}

/** The text with the edits of one file applied. */
export function applyEdits(text: string, edits: readonly Pick<Edit, 'span' | 'newText'>[]): string {
  let result = text;
  for (const edit of [...edits].sort((a, b) => b.span.start - a.span.start || b.span.end - a.span.end))
    result = result.slice(0, edit.span.start) + edit.newText + result.slice(edit.span.end);
  return result;
}
