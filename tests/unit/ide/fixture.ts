/** A project in memory, with the cursor marked by `¦` in the first file. */
import type { Json } from '../../../server/definition/definition.js';
import { analyze, type Definition } from '../../../server/definition/read/analyze.js';
import type { ViewFacts, ViewState } from '../../../server/definition/known/feature-facts.js';
import type { Edit, ProjectView, Probe } from '../../../server/rules/rule.js';
import { parseYaml } from '../../../server/syntax/parse.js';
import { knownPackages } from '../../support/known-packages.js';
import { knownModels } from '../../support/known-models.js';
import type { MemoryModel } from '../../support/known-models.js';
import type { FolderEntry, IdeContext, OpenQuestion, TaskHistory } from '../../../server/ide/types.js';

export const CURSOR = '¦';
export const NOW = Date.parse('2026-01-01T12:00:00.000Z');

export interface Fixture {
  readonly context: IdeContext;
  readonly offset: number;
  /** The first file's text without the mark. */
  readonly text: string;
  readonly definitions: readonly Definition[];
}

export interface Surroundings {
  /** Files on disk, by path. */
  readonly disk?: readonly string[];
  /** What is known of the data of feature views, by name. */
  readonly facts?: Readonly<Record<string, ViewFacts>>;
  readonly states?: Readonly<Record<string, ViewState>>;
  /** What is known of files of labels, by path. */
  readonly labels?: Readonly<Record<string, ViewFacts>>;
  /** Metrics of the last run, by task. */
  readonly metrics?: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  /** What runs of the first file ask. */
  readonly questions?: readonly OpenQuestion[];
  /** Registered models, by name. */
  readonly models?: Readonly<Record<string, MemoryModel>>;
  /** App packages: how many versions each has; without it nothing is known of them. */
  readonly packages?: Readonly<Record<string, number>>;
}

export function open(files: string | Readonly<Record<string, string>>, around: Surroundings = {}): Fixture {
  const named = typeof files === 'string' ? { 'main.pipeline.yaml': files } : files;
  let offset = 0;
  const definitions = Object.entries(named).map(([path, marked], index) => {
    if (index === 0) offset = Math.max(0, marked.indexOf(CURSOR));
    return analyze(parseYaml(marked.replace(CURSOR, '')), path);
  });
  const [definition] = definitions;
  if (definition === undefined) throw new Error('a fixture needs a file');
  const disk = around.disk ?? [];
  const context: IdeContext = {
    definition,
    project: projectOf(definitions, disk, around),
    listFolder: (path) => entriesOf(disk, path),
    environmentNames: () => ['HOME', 'API_KEY'],
    now: NOW,
    history: {
      pipeline: (name) =>
        around.metrics === undefined || name === 'none'
          ? undefined
          : { runId: 'r1', status: 'succeeded', at: '2026-01-01T11:57:00.000Z' },
      questions: () => around.questions ?? [],
      task: (_pipeline, task): TaskHistory | undefined => {
        const metrics = around.metrics?.[task];
        if (metrics === undefined) return undefined;
        return {
          runId: 'r1',
          status: 'succeeded',
          at: '2026-01-01T11:57:00.000Z',
          durationMs: 1_500,
          metrics,
        };
      },
    },
  };
  return { context, offset, text: definition.tree.text, definitions };
}

function projectOf(
  definitions: readonly Definition[],
  disk: readonly string[],
  around: Surroundings,
): ProjectView {
  const byName = new Map<string, Definition[]>();
  for (const definition of definitions) {
    if (definition.kind !== 'pipeline') continue;
    byName.set(definition.pipeline.name, [...(byName.get(definition.pipeline.name) ?? []), definition]);
  }
  const features = definitions.filter((definition) => definition.kind === 'features');
  return {
    definitions: () => definitions,
    features: () => features,
    settings: () => definitions.find((definition) => definition.kind === 'project'),
    pipelinesByName: byName,
    probe: (path): Probe =>
      disk.includes(path) ? 'file' : disk.some((file) => file.startsWith(`${path}/`)) ? 'folder' : 'missing',
    models: around.models === undefined ? undefined : knownModels(around.models),
    packages: around.packages === undefined ? undefined : knownPackages(around.packages),
    viewFacts: (_path, { name }) => around.facts?.[name],
    labelFacts: (_path, labels) => around.labels?.[labels.path],
    viewState: (name) => around.states?.[name],
    severities: new Map(),
  };
}

function entriesOf(disk: readonly string[], path: string): FolderEntry[] {
  const prefix = path === '' ? '' : `${path}/`;
  const entries = new Map<string, boolean>();
  for (const file of disk) {
    if (!file.startsWith(prefix)) continue;
    const [name = '', ...rest] = file.slice(prefix.length).split('/');
    entries.set(name, rest.length > 0);
  }
  return [...entries].map(([name, folder]) => ({ name, folder }));
}

export function textOf(fixture: Fixture, path: string): string {
  return fixture.definitions.find((definition) => definition.path === path)?.tree.text ?? '';
}

/** A file's text after edits. */
export function applied(
  fixture: Fixture,
  edits: readonly Edit[],
  path = fixture.context.definition.path,
): string {
  let text = textOf(fixture, path);
  const own = edits.filter((edit) => edit.path === path).toSorted((a, b) => b.span.start - a.span.start);
  for (const { span, newText } of own) text = text.slice(0, span.start) + newText + text.slice(span.end);
  return text;
}

/** `path:line «text»` of a place. */
export function place(fixture: Fixture, path: string, span: { start: number; end: number }): string {
  const text = textOf(fixture, path);
  const line = text.slice(0, span.start).split('\n').length;
  return `${path}:${line} «${text.slice(span.start, span.end)}»`;
}
