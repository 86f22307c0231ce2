/** Models that MLflow clients have logged, before and beside the registry. `tracking/logged-models.ndjson`. */
import { randomBytes } from 'node:crypto';
import { isRecord } from '../../base/is-record.js';
import type { Layout } from '../layout.js';
import type { LineFormat } from '../disk/line-format.js';
import { areArtifacts, isFlag, isList, isText, isTexts, isTime, type LineFields } from './line-fields.js';
import { LineLog } from './line-log.js';
import type { TrackedArtifact } from './tracked-run.js';

const FORMAT: LineFormat = { name: 'the logged models', version: 1, measured: true };
const FIELDS: LineFields = {
  ...{ id: isText, at: isTime, experiment: isText, name: isText, type: isText, run: isText, status: isText },
  ...{ params: isTexts, tags: isTexts, untagged: isList(isText), deleted: isFlag, metrics: isList(isRecord) },
  artifacts: areArtifacts,
};

export type LoggedModelStatus = 'PENDING' | 'READY' | 'UPLOAD_FAILED';

/** A metric of a model: of which run, and on which data. */
export interface ModelMetric {
  readonly key: string;
  /** `NaN` and the infinities as texts. */
  readonly value: number | string;
  /** ms since 1970 */
  readonly at: number;
  readonly step: number;
  readonly run?: string;
  readonly dataset?: { readonly name: string; readonly digest: string };
}

export interface LoggedModel {
  readonly id: string;
  readonly experiment: string;
  readonly name: string;
  /** ms since 1970 */
  readonly created: number;
  updated: number;
  status: LoggedModelStatus;
  readonly type: string | undefined;
  /** The run that has made it. */
  readonly run: string | undefined;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly artifacts: Map<string, TrackedArtifact>;
  readonly metrics: ModelMetric[];
  deleted: boolean;
}

/** One line: what has changed. The first of a model makes it. */
interface ModelChange {
  readonly status?: LoggedModelStatus;
  readonly params?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly untagged?: readonly string[];
  /** By their paths; `null`: deleted. */
  readonly artifacts?: Readonly<Record<string, TrackedArtifact | null>>;
  readonly metrics?: readonly ModelMetric[];
  readonly deleted?: boolean;
}

interface NewModel extends ModelChange {
  readonly experiment: string;
  readonly name: string;
  readonly type?: string;
  readonly run?: string;
}

export class LoggedModels {
  readonly #log: LineLog;
  readonly #all = new Map<string, LoggedModel>();
  /** Metrics that each has, as texts. */
  readonly #told = new Map<string, Set<string>>();

  constructor(layout: Layout) {
    this.#log = new LineLog(layout, 'logged-models.ndjson', FORMAT, FIELDS, (line) => {
      this.#take(line);
    });
  }

  #take(line: Partial<NewModel> & { readonly id?: unknown; readonly at?: unknown }): void {
    const { id, at, experiment, name } = line;
    if (typeof id !== 'string' || typeof at !== 'number') return;
    let model = this.#all.get(id);
    if (model === undefined) {
      if (experiment === undefined || name === undefined) return;
      model = {
        ...{ id, experiment, name, created: at, updated: at, status: 'PENDING', deleted: false },
        ...{ type: line.type, run: line.run },
        ...{ params: new Map(), tags: new Map(), artifacts: new Map(), metrics: [] },
      };
      this.#all.set(id, model);
    }
    model.updated = at;
    model.status = line.status ?? model.status;
    model.deleted = line.deleted ?? model.deleted;
    for (const [key, value] of Object.entries(line.params ?? {})) model.params.set(key, value);
    for (const [key, value] of Object.entries(line.tags ?? {})) model.tags.set(key, value);
    for (const key of line.untagged ?? []) model.tags.delete(key);
    for (const [file, artifact] of Object.entries(line.artifacts ?? {})) {
      if (artifact === null) model.artifacts.delete(file);
      else model.artifacts.set(file, artifact);
    }
    this.#addMetrics(model, line.metrics ?? []);
  }

  /** A client that hears no answer tells the same again. */
  #addMetrics({ id, metrics }: LoggedModel, more: readonly ModelMetric[]): void {
    const told = this.#told.get(id) ?? new Set<string>();
    this.#told.set(id, told);
    for (const metric of more) {
      const text = JSON.stringify(metric);
      if (!told.has(text)) metrics.push(metric);
      told.add(text);
    }
  }

  /** Those that are not deleted, in the order in which they were made. */
  all(): readonly LoggedModel[] {
    this.#log.catchUp();
    return [...this.#all.values()].filter(({ deleted }) => !deleted);
  }

  get(id: string): LoggedModel | undefined {
    this.#log.catchUp();
    const model = this.#all.get(id);
    return model?.deleted === true ? undefined : model;
  }

  /** @param id of one that has one already */
  create(model: NewModel, id = `m-${randomBytes(16).toString('hex')}`): string {
    return this.#log.change(() => ({ value: id, lines: [{ id, at: Date.now(), ...model }] }));
  }

  /** The model exists. */
  change(id: string, change: ModelChange): void {
    this.#log.change(() => ({ value: undefined, lines: [{ id, at: Date.now(), ...change }] }));
  }
}
