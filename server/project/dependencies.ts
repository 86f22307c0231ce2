/**
 * What a check asked about the rest of the project, so that its findings can be kept until an answer changes: precise
 * where a keystroke in one file must not cost a check of five hundred others.
 */
import type { OpenedFiles } from '../base/runs/task-outcome.js';
import type { Definition, FeaturesDefinition, ProjectDefinition } from '../definition/read/analyze.js';
import type { KnownCluster } from '../definition/known/cluster.js';
import type { FileText } from '../definition/text/file-text.js';
import type { KnownModel, KnownModels } from '../definition/known/models.js';
import type { ViewFacts, ViewState } from '../definition/known/feature-facts.js';
import { labelsKey, type LabelsFile } from '../definition/training-set.js';
import type { KnownPackage, KnownPackages } from '../definition/known/packages.js';
import type { FeatureView } from '../definition/features.js';
import type { Probe, ProjectView } from '../rules/rule.js';
import type { RuleSeverity } from '../definition/definition.js';

type Dependency =
  | { readonly kind: 'probe'; readonly path: string; readonly answer: Probe }
  | { readonly kind: 'text'; readonly path: string; readonly answer: FileText | undefined }
  | { readonly kind: 'matches'; readonly glob: string; readonly answer: boolean | undefined }
  | { readonly kind: 'pipeline'; readonly name: string; readonly answer: readonly Definition[] }
  | { readonly kind: 'names'; readonly answer: string }
  | { readonly kind: 'settings'; readonly answer: ProjectDefinition | undefined }
  | { readonly kind: 'tracked'; readonly path: string; readonly answer: string | undefined }
  | { readonly kind: 'made'; readonly path: string; readonly answer: boolean | undefined }
  | {
      readonly kind: 'peak';
      readonly pipeline: string;
      readonly task: string;
      readonly answer: number | undefined;
    }
  | {
      readonly kind: 'opened';
      readonly pipeline: string;
      readonly task: string;
      readonly answer: OpenedFiles | undefined;
    }
  | { readonly kind: 'cluster'; readonly answer: KnownCluster | undefined }
  | { readonly kind: 'secrets'; readonly glob: string; readonly answer: string | undefined }
  | { readonly kind: 'features'; readonly answer: readonly FeaturesDefinition[] }
  | { readonly kind: 'model'; readonly name: string; readonly answer: KnownModel | 'unreadable' | undefined }
  | { readonly kind: 'models'; readonly answer: readonly string[] | undefined }
  | { readonly kind: 'package'; readonly name: string; readonly answer: KnownPackage | undefined }
  | { readonly kind: 'packages'; readonly answer: readonly string[] | undefined }
  | {
      readonly kind: 'view-facts';
      readonly path: string;
      readonly view: FeatureView;
      readonly answer: ViewFacts | undefined;
    }
  | {
      readonly kind: 'label-facts';
      readonly path: string;
      readonly labels: LabelsFile;
      readonly answer: ViewFacts | undefined;
    }
  | { readonly kind: 'view-state'; readonly view: string; readonly answer: ViewState | undefined }
  | { readonly kind: 'definitions'; readonly answer: readonly Definition[] };

const NONE: readonly Definition[] = [];

/** The names in one string; names can't hold a line break. */
function namesOf(view: ProjectView): string {
  return [...view.pipelinesByName.keys()].join('\n');
}

function sameDefinitions(a: readonly Definition[], b: readonly Definition[]): boolean {
  return a === b || (a.length === b.length && a.every((definition, at) => definition === b[at]));
}

function sameText(a: FileText | undefined, b: FileText | undefined): boolean {
  if (a?.kind !== 'text' || b?.kind !== 'text') return a?.kind === b?.kind;
  return a.text === b.text;
}

/** A view that passes every question on and notes it together with the answer. */
export class RecordingView implements ProjectView {
  readonly pipelinesByName: ReadonlyMap<string, readonly Definition[]>;
  readonly severities: ReadonlyMap<string, RuleSeverity>;
  readonly models: KnownModels | undefined;
  readonly packages: KnownPackages | undefined;
  readonly #inner: ProjectView;
  readonly #asked = new Map<string, Dependency>();

  constructor(inner: ProjectView) {
    this.#inner = inner;
    this.severities = inner.severities;
    this.pipelinesByName = this.#recordingMap(inner.pipelinesByName);
    this.models = inner.models === undefined ? undefined : this.#recordingModels(inner.models);
    this.packages = inner.packages === undefined ? undefined : this.#recordingPackages(inner.packages);
  }

  /** What was asked so far. */
  dependencies(): readonly Dependency[] {
    return [...this.#asked.values()];
  }

  definitions(): readonly Definition[] {
    const answer = this.#inner.definitions();
    this.#note('definitions', { kind: 'definitions', answer });
    return answer;
  }

  features(): readonly FeaturesDefinition[] {
    const answer = this.#inner.features();
    this.#note('features', { kind: 'features', answer });
    return answer;
  }

  settings(): ProjectDefinition | undefined {
    const answer = this.#inner.settings();
    this.#note('settings', { kind: 'settings', answer });
    return answer;
  }

  secretFiles(glob: string): readonly string[] | undefined {
    const answer = this.#inner.secretFiles?.(glob);
    this.#note(`secrets ${glob}`, { kind: 'secrets', glob, answer: answer?.join('\n') });
    return answer;
  }

  tracked(path: string): string | undefined {
    const answer = this.#inner.tracked?.(path);
    this.#note(`tracked ${path}`, { kind: 'tracked', path, answer });
    return answer;
  }

  made(path: string): boolean | undefined {
    const answer = this.#inner.made?.(path);
    this.#note(`made ${path}`, { kind: 'made', path, answer });
    return answer;
  }

  cluster(): KnownCluster | undefined {
    const answer = this.#inner.cluster?.();
    this.#note('cluster', { kind: 'cluster', answer });
    return answer;
  }

  peak(pipeline: string, task: string): number | undefined {
    const answer = this.#inner.peak?.(pipeline, task);
    this.#note(`peak ${pipeline} ${task}`, { kind: 'peak', pipeline, task, answer });
    return answer;
  }

  opened(pipeline: string, task: string): OpenedFiles | undefined {
    const answer = this.#inner.opened?.(pipeline, task);
    this.#note(`opened ${pipeline} ${task}`, { kind: 'opened', pipeline, task, answer });
    return answer;
  }

  probe(path: string): Probe {
    const answer = this.#inner.probe(path);
    this.#note(`probe ${path}`, { kind: 'probe', path, answer });
    return answer;
  }

  text(path: string): FileText {
    const answer = this.#inner.text?.(path);
    this.#note(`text ${path}`, { kind: 'text', path, answer });
    return answer ?? { kind: 'unknown' };
  }

  matches(glob: string): boolean | undefined {
    const answer = this.#inner.matches?.(glob);
    this.#note(`matches ${glob}`, { kind: 'matches', glob, answer });
    return answer;
  }

  viewFacts(path: string, view: FeatureView): ViewFacts | undefined {
    const answer = this.#inner.viewFacts?.(path, view);
    this.#note(`view-facts ${path} ${view.name}`, { kind: 'view-facts', path, view, answer });
    return answer;
  }

  labelFacts(path: string, labels: LabelsFile): ViewFacts | undefined {
    const answer = this.#inner.labelFacts?.(path, labels);
    this.#note(`label-facts ${path} ${labelsKey(labels)}`, { kind: 'label-facts', path, labels, answer });
    return answer;
  }

  viewState(view: string): ViewState | undefined {
    const answer = this.#inner.viewState?.(view);
    this.#note(`view-state ${view}`, { kind: 'view-state', view, answer });
    return answer;
  }

  #note(key: string, dependency: Dependency): void {
    if (!this.#asked.has(key)) this.#asked.set(key, dependency);
  }

  /** What is known of a version changes with its model only. */
  #recordingModels(models: KnownModels): KnownModels {
    const model = (name: string) => {
      const answer = models.model(name);
      this.#note(`model ${name}`, { kind: 'model', name, answer });
      return answer;
    };
    return {
      names: () => {
        const answer = models.names();
        this.#note('models', { kind: 'models', answer });
        return answer;
      },
      model,
      version: (name, version) => {
        model(name);
        return models.version(name, version);
      },
      mainMetric: (name) => {
        model(name);
        return models.mainMetric(name);
      },
      moved: (name, alias) => {
        model(name);
        return models.moved(name, alias);
      },
    };
  }

  #recordingPackages(packages: KnownPackages): KnownPackages {
    return {
      names: () => {
        const answer = packages.names();
        this.#note('packages', { kind: 'packages', answer });
        return answer;
      },
      package: (name) => {
        const answer = packages.package(name);
        this.#note(`package ${name}`, { kind: 'package', name, answer });
        return answer;
      },
    };
  }

  #recordingMap(map: ReadonlyMap<string, readonly Definition[]>): ReadonlyMap<string, readonly Definition[]> {
    const one = (name: string) => {
      const answer = map.get(name);
      this.#note(`pipeline ${name}`, { kind: 'pipeline', name, answer: answer ?? NONE });
      return answer;
    };
    const names = () => this.#note('names', { kind: 'names', answer: namesOf(this.#inner) });
    const all = () => this.#note('definitions', { kind: 'definitions', answer: this.#inner.definitions() });
    const entries = () => {
      all();
      return map.entries();
    };
    return {
      get: one,
      has: (name) => one(name) !== undefined,
      get size() {
        names();
        return map.size;
      },
      keys: () => {
        names();
        return map.keys();
      },
      values: () => {
        all();
        return map.values();
      },
      entries,
      forEach: (visit) => {
        all();
        map.forEach(visit);
      },
      [Symbol.iterator]: entries,
    };
  }
}

/** Whether the project would still answer as it did. */
export function stillHolds(dependencies: readonly Dependency[], view: ProjectView): boolean {
  return dependencies.every((asked) => {
    switch (asked.kind) {
      case 'probe':
        return view.probe(asked.path) === asked.answer;
      case 'text':
        return sameText(view.text?.(asked.path), asked.answer);
      case 'tracked':
        return view.tracked?.(asked.path) === asked.answer;
      case 'made':
        return view.made?.(asked.path) === asked.answer;
      case 'peak':
        return view.peak?.(asked.pipeline, asked.task) === asked.answer;
      case 'opened':
        return view.opened?.(asked.pipeline, asked.task) === asked.answer;
      case 'cluster':
        return view.cluster?.() === asked.answer;
      case 'matches':
        return view.matches?.(asked.glob) === asked.answer;
      case 'pipeline':
        return sameDefinitions(view.pipelinesByName.get(asked.name) ?? NONE, asked.answer);
      case 'names':
        return namesOf(view) === asked.answer;
      case 'settings':
        return view.settings() === asked.answer;
      case 'secrets':
        return view.secretFiles?.(asked.glob)?.join('\n') === asked.answer;
      case 'features':
        return sameDefinitions(view.features(), asked.answer);
      case 'model':
        return view.models?.model(asked.name) === asked.answer;
      case 'models':
        return view.models?.names() === asked.answer;
      case 'package':
        return view.packages?.package(asked.name) === asked.answer;
      case 'packages':
        return view.packages?.names() === asked.answer;
      case 'view-facts':
        return view.viewFacts?.(asked.path, asked.view) === asked.answer;
      case 'label-facts':
        return view.labelFacts?.(asked.path, asked.labels) === asked.answer;
      case 'view-state':
        return view.viewState?.(asked.view) === asked.answer;
      case 'definitions':
        return sameDefinitions(view.definitions(), asked.answer);
    }
  });
}

export type { Dependency };
