/**
 * A project on disk: its definitions, read and checked. The command line and the language server ask the same class, so
 * that a squiggle and an error in CI can't differ; the editor only lays its open documents over the disk.
 */
import path from 'node:path';
import { runThrough } from '../base/runs/steps.js';
import { defining } from '../definition/read/analyze.js';
import type { Definition, FeaturesDefinition, ParamsDefinition } from '../definition/read/analyze.js';
import type { FileKind, ProjectSettings, RuleSeverity } from '../definition/definition.js';
import type { FileText } from '../definition/text/file-text.js';
import { NO_SETTINGS } from '../definition/read/read-project.js';
import { definingParams, type ParamSource, withParamFiles } from '../definition/params/files.js';
import type { FeatureFacts } from '../definition/known/feature-facts.js';
import { globOf } from '../definition/text/glob.js';
import type { Glob } from '../definition/text/glob.js';
import type { KnownCluster } from '../definition/known/cluster.js';
import type { KnownModels } from '../definition/known/models.js';
import type { KnownPackages } from '../definition/known/packages.js';
import { identify } from '../definition/detect/ours.js';
import type { Identity } from '../definition/detect/ours.js';
import { checkingDefinition } from '../rules/index.js';
import type { Finding, ProjectView } from '../rules/rule.js';
import { RecordingView, stillHolds } from './dependencies.js';
import type { Dependency } from './dependencies.js';
import { HEAD_BYTES, MAX_FILE_BYTES, diskFiles } from './files.js';
import type { FileSystem, ReadResult } from './files.js';
import { PROJECT_FILES } from './find-root.js';
import { trackedAt } from '../base/git-index.js';
import { Prober } from './probe.js';
import { walkProjects } from './walk.js';

export type PipelineDefinition = Extract<Definition, { kind: 'pipeline' }>;

/** A file that is ours by its name but could not be read as a definition. */
export interface Unread {
  readonly path: string;
  readonly message: string;
  readonly findings: readonly Finding[];
}

/** A file with a name of ours that belongs to another tool. */
export interface Refused {
  readonly path: string;
  /** What its name says. */
  readonly as: FileKind;
  /** What speaks against it, in Markdown. */
  readonly because: string;
}

/**
 * What a project is told of its memory by whoever opens it: how that is stored is not its business. Left out: nothing is
 * known of it.
 */
export interface Memory {
  readonly models?: KnownModels;
  readonly packages?: KnownPackages;
  /** Whether a run is known to have put something out at a path. */
  readonly made?: (path: string) => boolean | undefined;
  /** What the project's cluster had when somebody asked. */
  readonly cluster?: () => KnownCluster | undefined;
  /** The most memory that a task used in its last run on a cluster, in bytes. */
  readonly peak?: (pipeline: string, task: string) => number | undefined;
  readonly opened?: ProjectView['opened'];
  /** What is known of the data of feature views. */
  readonly facts?: FeatureFacts;
}

export interface OpenOptions {
  /** Read only these files (relative to the root) and the project's settings. */
  readonly only?: readonly string[];
  readonly memory?: Memory;
}

interface Memo {
  readonly definition: Definition;
  readonly chosen: ReadonlyMap<string, RuleSeverity>;
  readonly dependencies: readonly Dependency[];
  readonly findings: readonly Finding[];
}

const NO_CHOICES: ReadonlyMap<string, RuleSeverity> = new Map();
const NO_FINDINGS: readonly Finding[] = [];

function given(text: string): ReadResult {
  return text.length > MAX_FILE_BYTES
    ? { ok: false, reason: 'too-big', bytes: text.length, stamp: '', head: text.slice(0, HEAD_BYTES) }
    : { ok: true, text, stamp: '' };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** One project. Everything in it is keyed by paths relative to `root`, `/` between names. */
export class Project {
  /** Absolute. */
  readonly root: string;
  readonly files: FileSystem;
  readonly #memory: Memory;
  readonly #prober: Prober;
  readonly #definitions = new Map<string, Definition>();
  readonly #unread = new Map<string, Unread>();
  readonly #refused = new Map<string, Refused>();
  readonly #stamps = new Map<string, string>();
  /** How often each file was read or forgotten. */
  readonly #turns = new Map<string, number>();
  readonly #memos = new Map<string, Memo>();
  #sorted: readonly Definition[] | undefined;
  #features: readonly FeaturesDefinition[] | undefined;
  #byName: ReadonlyMap<string, readonly Definition[]> | undefined;
  #excluded: readonly Glob[] | undefined;
  #ownSeverities: ReadonlyMap<string, RuleSeverity> | undefined;
  #views = new WeakMap<ReadonlyMap<string, RuleSeverity>, ProjectView>();
  /** Pipelines that name files of params, as their own texts have them, by path. */
  readonly #written = new Map<string, PipelineDefinition>();
  /** Files that are no definitions, and whose text findings may rest on. */
  readonly #texts = new Set<string>();
  #version = 0;
  #diskVersion = 0;

  /** An empty project. Use `open` to read what is there. */
  constructor(root: string, files: FileSystem = diskFiles, memory: Memory = {}) {
    this.root = path.resolve(root);
    this.files = files;
    this.#memory = memory;
    this.#prober = new Prober(this.root, files);
  }

  /** Reads the project whose root is `root`. Folders inside with a `modelyard.yaml` of their own are not part of it. */
  static open(root: string, files: FileSystem = diskFiles, options: OpenOptions = {}): Project {
    const project = new Project(root, files, options.memory);
    for (const name of PROJECT_FILES) project.update(name);
    const paths = options.only ?? runThrough(walkProjects(files, project.root))[0]?.files ?? [];
    for (const relative of paths) project.update(relative);
    return project;
  }

  /** Grows whenever a definition came, changed or went. */
  get version(): number {
    return this.#version;
  }

  /** Of `modelyard.yaml`; defaults where there is none. */
  get settings(): ProjectSettings {
    const found = this.settingsFile();
    return found?.kind === 'project' ? found.settings : NO_SETTINGS;
  }

  /** The definition that the settings come from. */
  settingsFile(): Definition | undefined {
    for (const name of PROJECT_FILES) {
      const found = this.#definitions.get(name);
      if (found) return found;
    }
    return undefined;
  }

  /** All definitions, by path. */
  definitions(): readonly Definition[] {
    this.#sorted ??= [...this.#definitions.values()].sort(byPath);
    return this.#sorted;
  }

  /** Files of ours that could not be read, by path. `findings` reports each as one error too. */
  unread(): readonly Unread[] {
    return [...this.#unread.values()].sort(byPath);
  }

  /** Files that have a name of ours and belong to another tool, by path. They have no findings. */
  refused(): readonly Refused[] {
    return [...this.#refused.values()].sort(byPath);
  }

  /** Why a file with a name of ours is not taken; `undefined` where it is, or has another name. */
  whyRefused(relative: string): Refused | undefined {
    return this.#refused.get(relative);
  }

  /** Every path that has findings or may get some, in order. */
  paths(): readonly string[] {
    return [...this.#definitions.keys(), ...this.#unread.keys()].sort();
  }

  /** Whether a file is one of `paths`. */
  knows(relative: string): boolean {
    return this.#definitions.has(relative) || this.#unread.has(relative);
  }

  definition(relative: string): Definition | undefined {
    return this.#definitions.get(relative);
  }

  /** The pipelines of that name: more than one where names clash. */
  pipeline(name: string): readonly PipelineDefinition[] {
    return (this.#pipelinesByName().get(name) ?? []).filter((found) => found.kind === 'pipeline');
  }

  /** The path of a file relative to the root; `undefined` when it lies elsewhere. */
  relative(absolute: string): string | undefined {
    const relative = path.relative(this.root, absolute);
    if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative)) return undefined;
    return relative.split(path.sep).join('/');
  }

  absolute(relative: string): string {
    return path.join(this.root, ...relative.split('/'));
  }

  /**
   * Reads a file again, or takes the text given, and drops what is not a definition of ours any more.
   * @returns whether something changed.
   */
  update(relative: string, text?: string): boolean {
    return runThrough(this.updating(relative, text));
  }

  /** The same in steps. What was read is dropped when the file was read again, or forgotten, in between. */
  *updating(relative: string, text?: string): Generator<void, boolean> {
    if (text === undefined) {
      const stamp = this.files.stampOf(this.absolute(relative));
      if (stamp !== undefined && stamp === this.#stamps.get(relative)) return false;
    }
    const read = text === undefined ? this.files.readText(this.absolute(relative)) : given(text);
    const turn = this.#nextTurn(relative);
    const changed = yield* this.#take(relative, read);
    if (turn !== this.#turns.get(relative)) return changed;
    // Remembered for files of others too, so that each is read once.
    if (read.ok && read.stamp !== '') this.#stamps.set(relative, read.stamp);
    else this.#stamps.delete(relative);
    return changed;
  }

  /** A file is read, or forgotten: who is still at an older text of it gives up. */
  #nextTurn(relative: string): number {
    const turn = (this.#turns.get(relative) ?? 0) + 1;
    this.#turns.set(relative, turn);
    return turn;
  }

  *#take(relative: string, read: ReadResult): Generator<void, boolean> {
    const turn = this.#turns.get(relative);
    if (this.#isExcluded(relative)) return this.remove(relative);
    if (!read.ok) return this.#keepUnread(relative, read);
    const identity = identify(relative, read.text);
    const before = this.#definitions.get(relative);
    if (identity.kind === undefined) {
      // What leads out of the project is nobody's.
      if (!this.namesParams(relative) || this.#prober.probe(relative) === 'outside')
        return this.#refuse(relative, identity);
      if (before?.kind === 'params' && before.tree.text === read.text) return false;
      const params = yield* definingParams(read.text, relative);
      if (turn === this.#turns.get(relative)) this.#takeParams(params);
      return true;
    }
    if (before?.kind !== 'params' && before?.tree.text === read.text) return false;
    const definition = yield* defining(read.text, relative, identity.kind, before?.tree);
    if (definition.kind === 'pipeline')
      for (const file of definition.pipeline.paramFiles ?? []) yield* this.#readingParams(file.path);
    if (turn !== this.#turns.get(relative)) return true;
    this.#unread.delete(relative);
    this.#refused.delete(relative);
    const named = this.#written.has(relative);
    this.#definitions.set(relative, this.#completed(definition));
    if (named) this.#forgetUnnamedParams();
    if (before?.kind === 'features' || definition.kind === 'features') this.#features = undefined;
    this.#changed(relative);
    return true;
  }

  /** Whether a pipeline takes params from the file, or would if it were there. */
  namesParams(relative: string): boolean {
    return this.#namersOf(relative).length > 0;
  }

  #namersOf(relative: string): readonly PipelineDefinition[] {
    return [...this.#written.values()].filter(({ pipeline }) =>
      pipeline.paramFiles?.some((file) => file.path === relative),
    );
  }

  /** With the params of the files that it names. */
  #completed(definition: Definition): Definition {
    if (definition.kind !== 'pipeline' || definition.pipeline.paramFiles === undefined) {
      this.#written.delete(definition.path);
      return definition;
    }
    this.#written.set(definition.path, definition);
    return withParamFiles(definition, (relative) => this.#paramsAt(relative));
  }

  #paramsAt(relative: string): ParamSource {
    return runThrough(this.#readingParams(relative));
  }

  /** Who asks for them afterwards has them. */
  *#readingParams(relative: string): Generator<void, ParamSource> {
    const known = this.#definitions.get(relative);
    if (known?.kind === 'params') return { ok: true, tree: known.tree };
    if (known !== undefined || this.#unread.has(relative))
      return { ok: false, why: 'is a file of Modelyard, not one of params.' };
    const stands = this.#prober.probe(relative);
    if (stands === 'outside') return { ok: false, why: 'leads out of the project.' };
    if (stands === 'folder') return { ok: false, why: 'is a folder, not a file of params.' };
    const read = this.files.readText(this.absolute(relative));
    if (!read.ok) {
      const why =
        read.reason === 'missing'
          ? 'does not exist.'
          : read.reason === 'too-big'
            ? 'is too big.'
            : "can't be read.";
      return { ok: false, why };
    }
    const turn = this.#turns.get(relative);
    const definition = yield* definingParams(read.text, relative);
    if (turn !== this.#turns.get(relative)) return { ok: true, tree: definition.tree };
    this.#definitions.set(relative, definition);
    if (read.stamp !== '') this.#stamps.set(relative, read.stamp);
    this.#refused.delete(relative);
    this.#changed(relative);
    return { ok: true, tree: definition.tree };
  }

  #takeParams(definition: ParamsDefinition): void {
    const relative = definition.path;
    this.#refused.delete(relative);
    this.#definitions.set(relative, definition);
    this.#changed(relative);
    this.#paramsChanged(relative);
  }

  /** Pipelines that name the file are others now. */
  #paramsChanged(relative: string): void {
    for (const written of this.#namersOf(relative)) {
      this.#definitions.set(written.path, this.#completed(written));
      this.#changed(written.path);
    }
  }

  #forgetUnnamedParams(): void {
    for (const { kind, path: known } of [...this.#definitions.values()])
      if (kind === 'params' && !this.namesParams(known)) this.remove(known);
  }

  #refuse(relative: string, { refused }: Identity): boolean {
    const changed = this.remove(relative);
    if (refused !== undefined) this.#refused.set(relative, { path: relative, ...refused });
    return changed;
  }

  /** Forgets a file. */
  remove(relative: string): boolean {
    this.#nextTurn(relative);
    this.#stamps.delete(relative);
    this.#refused.delete(relative);
    const wasUnread = this.#unread.delete(relative);
    if (this.#definitions.get(relative)?.kind === 'features') this.#features = undefined;
    const wasParams = this.#definitions.get(relative)?.kind === 'params';
    const wasDefinition = this.#definitions.delete(relative);
    if (wasUnread || wasDefinition) this.#changed(relative);
    if (wasParams) this.#paramsChanged(relative);
    if (this.#written.delete(relative)) this.#forgetUnnamedParams();
    return wasUnread || wasDefinition;
  }

  /** Whether findings may rest on what a file says that is no definition. */
  isRead(relative: string): boolean {
    return this.#texts.has(relative);
  }

  /**
   * The disk changed: what stood at paths is asked again.
   * @param absolutes where; absent: anywhere.
   * @returns whether any answer that findings may rest on was forgotten.
   */
  diskChanged(absolutes?: readonly string[]): boolean {
    this.#diskVersion++;
    return this.#prober.forget(absolutes);
  }

  /**
   * What rules and the editor's features may ask.
   * @param chosen severities that win over those of `modelyard.yaml`: the editor's settings.
   */
  view(chosen: ReadonlyMap<string, RuleSeverity> = NO_CHOICES): ProjectView {
    let view = this.#views.get(chosen);
    if (view === undefined) {
      const byName = () => this.#pipelinesByName();
      const severities = new Map([...this.#severities(), ...chosen]);
      view = {
        definitions: () => this.definitions(),
        get pipelinesByName() {
          return byName();
        },
        features: () => this.#featureFiles(),
        settings: () => {
          const found = this.settingsFile();
          return found?.kind === 'project' ? found : undefined;
        },
        probe: (relative) => this.#prober.probe(relative),
        text: (relative) => this.#textAt(relative),
        matches: (glob) => this.#prober.matches(glob),
        secretFiles: (glob) => this.#prober.secretFiles(glob),
        tracked: (relative) => trackedAt(this.root, relative),
        made: (relative) => this.#memory.made?.(relative),
        cluster: () => this.#memory.cluster?.(),
        peak: (pipeline, task) => this.#memory.peak?.(pipeline, task),
        opened: (pipeline, task) => this.#memory.opened?.(pipeline, task),
        models: this.#memory.models,
        packages: this.#memory.packages,
        viewFacts: (path, featureView) => this.#memory.facts?.viewFacts(path, featureView),
        labelFacts: (path, labels) => this.#memory.facts?.labelFacts(path, labels),
        viewState: (name) => this.#memory.facts?.viewState(name),
        severities,
      };
      this.#views.set(chosen, view);
    }
    return view;
  }

  /**
   * The findings of one file, sorted. The same array is given again until something changed that they depend on.
   * @param chosen as for `view`.
   */
  findings(relative: string, chosen: ReadonlyMap<string, RuleSeverity> = NO_CHOICES): readonly Finding[] {
    return runThrough(this.checking(relative, chosen));
  }

  /** The same in steps. Who asks `findings` afterwards gets what was found, as long as nothing has changed in between. */
  *checking(
    relative: string,
    chosen: ReadonlyMap<string, RuleSeverity> = NO_CHOICES,
  ): Generator<void, readonly Finding[]> {
    const definition = this.#definitions.get(relative);
    if (definition === undefined) return this.#unread.get(relative)?.findings ?? NO_FINDINGS;
    const view = this.view(chosen);
    const memo = this.#memos.get(relative);
    if (
      memo?.definition === definition &&
      memo.chosen === view.severities &&
      stillHolds(memo.dependencies, view)
    ) {
      return memo.findings;
    }
    const recording = new RecordingView(view);
    const version = this.#version;
    const disk = this.#diskVersion;
    const checked = yield* checkingDefinition(definition, recording);
    // Found of two states of the project: it is of neither.
    if (version !== this.#version || disk !== this.#diskVersion) return checked;
    const dependencies = recording.dependencies();
    // The same words about the same text are nothing new: whoever compares arrays is not told of a change.
    const same = memo?.definition === definition && JSON.stringify(memo.findings) === JSON.stringify(checked);
    const findings = same ? memo.findings : checked;
    this.#memos.set(relative, { definition, chosen: view.severities, dependencies, findings });
    return findings;
  }

  /** Read each time: whoever keeps what follows from it compares the text. */
  #textAt(relative: string): FileText {
    this.#texts.add(relative);
    const stands = this.#prober.probe(relative);
    if (stands !== 'file') return { kind: stands === 'outside' ? 'unknown' : stands };
    const read = this.files.readText(this.absolute(relative));
    if (read.ok) return { kind: 'text', text: read.text };
    return { kind: read.reason === 'missing' ? 'missing' : 'unknown' };
  }

  #severities(): ReadonlyMap<string, RuleSeverity> {
    this.#ownSeverities ??= new Map(this.settings.rules.map((rule) => [rule.id.value, rule.severity]));
    return this.#ownSeverities;
  }

  #pipelinesByName(): ReadonlyMap<string, readonly Definition[]> {
    if (this.#byName === undefined) {
      const byName = new Map<string, Definition[]>();
      for (const definition of this.definitions()) {
        if (definition.kind !== 'pipeline') continue;
        const same = byName.get(definition.pipeline.name);
        if (same) same.push(definition);
        else byName.set(definition.pipeline.name, [definition]);
      }
      this.#byName = byName;
    }
    return this.#byName;
  }

  /** Kept while only pipelines change: whoever remembers the array need not look into it. */
  #featureFiles(): readonly FeaturesDefinition[] {
    this.#features ??= this.definitions().filter((definition) => definition.kind === 'features');
    return this.#features;
  }

  #isExcluded(relative: string): boolean {
    if (PROJECT_FILES.includes(relative)) return false;
    this.#excluded ??= this.settings.exclude.map(globOf);
    return this.#excluded.some((glob) => glob.matches(relative));
  }

  #keepUnread(relative: string, read: Exclude<ReadResult, { ok: true }>): boolean {
    if (read.reason === 'missing') return this.remove(relative);
    // Without its text only the name can say that a file is ours.
    const identity = identify(relative, read.reason === 'too-big' ? read.head : '');
    if (identity.kind === undefined) return this.#refuse(relative, identity);
    const message =
      read.reason === 'too-big'
        ? `${relative} has ${(read.bytes / 1024 / 1024).toFixed(1)} MiB, more than the ${MAX_FILE_BYTES / 1024 / 1024} MiB ` +
          'that a definition may have. Split it, or exclude it in modelyard.yaml.'
        : `${relative} can't be read: ${read.message}`;
    if (this.#unread.get(relative)?.message === message) return false;
    this.remove(relative);
    const span = { start: 0, end: 0 };
    this.#unread.set(relative, {
      path: relative,
      message,
      findings: [
        { rule: 'syntax/yaml', severity: 'error', path: relative, span, message, related: [], fixes: [] },
      ],
    });
    this.#changed(relative);
    return true;
  }

  #changed(relative: string): void {
    this.#version++;
    this.#sorted = undefined;
    this.#byName = undefined;
    this.#memos.delete(relative);
    if (PROJECT_FILES.includes(relative)) {
      this.#ownSeverities = undefined;
      this.#excluded = undefined;
      this.#views = new WeakMap();
      // What was left out may be ours now.
      this.#stamps.clear();
      for (const known of [...this.#definitions.keys()]) if (this.#isExcluded(known)) this.remove(known);
    }
  }
}
