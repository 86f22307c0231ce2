/** The columns that there are, and what is asked of one by its id. Pure. */
import { plural } from '../../../../server/base/format.js';
import type { ExperimentColumn } from '../../../../server/protocol/index.js';
import { OWN_IDS, partOf, wordsOf, type ColumnWords, type Part } from './cells.js';
import type { FilterWords } from './filter-completion.js';
import { RUN_STATUSES } from '../status.js';

export interface Known {
  readonly columns: readonly ExperimentColumn[];
  readonly pipelines: readonly string[];
  readonly users: readonly string[];
}

export class ColumnCatalogue {
  pipelines: readonly string[] = [];
  #users: readonly string[] = [];
  #columns: ReadonlyMap<string, ExperimentColumn> = new Map();
  readonly #words = new Map<string, ColumnWords>();

  take({ columns, pipelines, users }: Known): void {
    this.#columns = new Map(columns.map((column) => [column.id, column]));
    this.pipelines = pipelines;
    this.#users = users;
    this.#words.clear();
  }

  get isEmpty(): boolean {
    return this.#columns.size === 0;
  }

  get all(): readonly ExperimentColumn[] {
    return [...this.#columns.values()];
  }

  has(id: string): boolean {
    return this.#columns.has(id);
  }

  words(id: string): ColumnWords {
    let found = this.#words.get(id);
    if (found === undefined) {
      found = wordsOf(id, this.#columns);
      this.#words.set(id, found);
    }
    return found;
  }

  /** A metric whose name ends like a part is itself. */
  split(id: string): { readonly base: string; readonly part: Part } {
    return this.has(id) ? { base: id, part: 'last' } : partOf(id);
  }

  /** The metric that a column shows something of, with its task; `undefined`: it shows none. */
  metric(id: string): string | undefined {
    const column = this.#columns.get(this.split(id).base);
    return column?.kind === 'metric' ? column.name : undefined;
  }

  /** The metrics that columns show something of, each once. */
  metrics(ids: readonly string[]): readonly string[] {
    return [...new Set(ids.flatMap((id) => this.metric(id) ?? []))];
  }

  /** What is better comes first. */
  first(id: string): 'up' | 'down' {
    const { base, part } = this.split(id);
    if (part === 'min') return 'up';
    return part === 'max' || this.#columns.get(base)?.better === 'higher' ? 'down' : 'up';
  }

  /** What a filter may name. */
  filterWords(): FilterWords {
    const first = ['status', 'pipeline'];
    const own = [...first, ...OWN_IDS.filter((id) => !first.includes(id)), 'star', 'archived'];
    return {
      names: [
        ...this.all.map(({ id, runs }) => ({ name: id, detail: plural(runs, 'run') })),
        ...own.map((name) => ({ name, detail: '' })),
      ],
      values: new Map<string, readonly string[]>([
        ['status', RUN_STATUSES],
        ['pipeline', this.pipelines],
        ['user', this.#users],
        ['trigger', ['editor', 'terminal', 'ci']],
        ['source', ['pipeline', 'tracking']],
        ['star', ['true', 'false']],
        ['archived', ['true', 'false']],
      ]),
    };
  }
}
