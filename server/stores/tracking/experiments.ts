/** Experiments of MLflow clients: names that runs are put under. `tracking/experiments.ndjson`. */
import { defined } from '../../base/defined.js';
import type { Layout } from '../layout.js';
import type { LineFormat } from '../disk/line-format.js';
import { isFlag, isList, isText, isTexts, isTime, type LineFields } from './line-fields.js';
import { LineLog } from './line-log.js';

const FORMAT: LineFormat = { name: 'the experiments', version: 1 };
const FIELDS: LineFields = { id: isText, at: isTime, name: isText, location: isText, tags: isTexts, untagged: isList(isText), deleted: isFlag }; // prettier-ignore

/** The experiment that is always there: that of runs which name none. */
export const DEFAULT_EXPERIMENT = '0';

export interface Experiment {
  readonly id: string;
  readonly name: string;
  /** ms since 1970 */
  readonly created: number;
  readonly updated: number;
  readonly deleted: boolean;
  readonly tags: ReadonlyMap<string, string>;
  /** Where clients put artifacts themselves. Absent: here. */
  readonly location?: string;
}

/** One line: what has changed. The first of an experiment makes it. */
interface ExperimentChange {
  readonly name?: string;
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly untagged?: readonly string[];
  readonly deleted?: boolean;
}

export class Experiments {
  readonly #log: LineLog;
  readonly #all = new Map<string, Experiment>();

  constructor(layout: Layout) {
    this.#log = new LineLog(layout, 'experiments.ndjson', FORMAT, FIELDS, (line) => {
      this.#take(line);
    });
    this.#take({ id: DEFAULT_EXPERIMENT, at: 0, name: 'Default' });
  }

  #take(line: ExperimentChange & { readonly id?: unknown; readonly at?: unknown }): void {
    const { id, at } = line;
    if (typeof id !== 'string' || typeof at !== 'number') return;
    const known = this.#all.get(id);
    const tags = new Map([...(known?.tags ?? []), ...Object.entries(line.tags ?? {})]);
    for (const key of line.untagged ?? []) tags.delete(key);
    const location = known?.location ?? line.location;
    this.#all.set(id, {
      id,
      name: line.name ?? known?.name ?? id,
      created: known === undefined || known.created === 0 ? at : known.created,
      updated: at,
      deleted: line.deleted ?? known?.deleted ?? false,
      tags,
      ...defined({ location }),
    });
  }

  /** All of them, deleted ones too, in the order in which they were made. */
  all(): readonly Experiment[] {
    this.#log.catchUp();
    return [...this.#all.values()];
  }

  get(id: string): Experiment | undefined {
    this.#log.catchUp();
    return this.#all.get(id);
  }

  byName(name: string): Experiment | undefined {
    return this.all().find((one) => one.name === name);
  }

  /** Gives the one that has this name already, in its place. */
  create(
    name: string,
    details: Pick<ExperimentChange, 'location' | 'tags'>,
  ): { readonly experiment: Experiment; readonly made: boolean } {
    const { id, made } = this.#log.change(() => {
      const known = [...this.#all.values()].find((one) => one.name === name);
      if (known !== undefined) return { value: { id: known.id, made: false }, lines: [] };
      const last = Math.max(...[...this.#all.keys()].map(Number));
      const next = String(last + 1);
      return {
        value: { id: next, made: true },
        lines: [{ id: next, at: Date.now(), name, ...defined(details) }],
      };
    });
    const experiment = this.#all.get(id);
    if (experiment === undefined) throw new Error(`The experiment ${name} was not written.`);
    return { experiment, made };
  }

  /** `taken`: another experiment has that name; nothing is changed then. The experiment exists. */
  change(id: string, change: ExperimentChange): 'changed' | 'taken' {
    return this.#log.change(() => {
      const taken = [...this.#all.values()].some((one) => one.id !== id && one.name === change.name);
      return taken
        ? { value: 'taken' as const, lines: [] }
        : { value: 'changed' as const, lines: [{ id, at: Date.now(), ...change }] };
    });
  }
}
