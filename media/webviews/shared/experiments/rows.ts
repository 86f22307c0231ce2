/** Pages of rows of the *Experiments* tab as they are loaded: some around what is in sight, by column. Pure. */
import type { ExperimentsPage, RunStatus } from '../../../../server/protocol/index.js';

const KEPT_PAGES = 40;

export interface LoadedRow {
  readonly id: string;
  readonly pipeline: string;
  readonly status: RunStatus;
  readonly isStarred: boolean;
  readonly isArchived: boolean;
  readonly isTracked: boolean;
  value(column: string): unknown;
}

interface Page {
  readonly page: ExperimentsPage;
  /** Where in it the values of a column are. */
  readonly places: ReadonlyMap<string, number>;
  readonly starred: ReadonlySet<number>;
  readonly archived: ReadonlySet<number>;
  readonly tracked: ReadonlySet<number>;
  fresh: boolean;
}

export class ExperimentRows {
  /** Rows that pass. */
  total = 0;
  /** All runs. */
  all = 0;
  readonly #size: number;
  readonly #pages = new Map<number, Page>();

  /** @param size rows of a page */
  constructor(size: number) {
    this.#size = size;
  }

  /** What is loaded is of another order: it is gone, and how many there are stays until that is known. */
  clear(): void {
    this.#pages.clear();
  }

  /** What is loaded is shown until it was asked for again. */
  stale(): void {
    for (const page of this.#pages.values()) page.fresh = false;
  }

  isFresh(page: number): boolean {
    return this.#pages.get(page)?.fresh === true;
  }

  /** @param columns in the order in which they were asked for */
  take(page: ExperimentsPage, columns: readonly string[]): void {
    this.total = page.total;
    this.all = page.all;
    const number = Math.floor(page.offset / this.#size);
    // The last one is the one that was loaded last.
    this.#pages.delete(number);
    this.#pages.set(number, {
      page,
      places: new Map(columns.map((column, place) => [column, place])),
      starred: new Set(page.starred),
      archived: new Set(page.archived),
      tracked: new Set(page.tracked),
      fresh: true,
    });
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > KEPT_PAGES && oldest !== undefined) this.#pages.delete(oldest);
  }

  at(index: number): LoadedRow | undefined {
    if (index < 0) return undefined;
    const loaded = this.#pages.get(Math.floor(index / this.#size));
    const place = index % this.#size;
    const id = loaded?.page.ids[place];
    if (loaded === undefined || id === undefined) return undefined;
    const { page, places, starred, archived, tracked } = loaded;
    return {
      id,
      pipeline: page.pipelines[place] ?? '',
      status: page.statuses[place] ?? 'queued',
      isStarred: starred.has(place),
      isArchived: archived.has(place),
      isTracked: tracked.has(place),
      value: (column) => page.columns[places.get(column) ?? -1]?.[place],
    };
  }

  /** A run that is loaded. */
  find(id: string): LoadedRow | undefined {
    for (const [number, { page }] of this.#pages) {
      const place = page.ids.indexOf(id);
      if (place >= 0) return this.at(number * this.#size + place);
    }
    return undefined;
  }

  /** Runs that are loaded. */
  *loaded(): Generator<LoadedRow> {
    for (const [number, { page }] of this.#pages)
      for (let place = 0; place < page.ids.length; place++) {
        const row = this.at(number * this.#size + place);
        if (row !== undefined) yield row;
      }
  }
}
