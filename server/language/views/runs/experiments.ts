/** The requests of protocol/experiments.ts. The table is kept in columns; a page of it is all that leaves the server. */
import { existsSync } from 'node:fs';
import type { CancellationToken } from 'vscode-languageserver/node';
import type { RunStatus } from '../../../base/runs/task-outcome.js';
import { isRecord } from '../../../base/is-record.js';
import { display, type Json } from '../../../base/json.js';
import { isNumber, jsonNumber, toDouble } from '../../../base/numeral.js';
import { type RunFilter, parseRunFilter } from '../../../base/runs/filter.js';
import type { Project } from '../../../project/project.js';
import type {
  ExperimentColumn,
  ExperimentCurve,
  ExperimentRequests,
  ExperimentSort,
  ExperimentsPage,
  ExperimentsParams,
  MarkChange,
} from '../../../protocol/index.js';
import { betterDirection } from '../../../stores/registry/compare.js';
import { isRunId } from '../../../stores/runs/id.js';
import {
  type KnownColumn,
  type RunTable,
  type TableQuery,
  UnknownColumn,
} from '../../../stores/runs/index/table.js';
import { InvalidParams, throwIfCancelled } from '../../guard.js';
import type { Histories } from './history.js';
import { finite, optionalText, optionalTexts, text, whole } from '../../params.js';
import { breathe } from '../../../base/runs/steps.js';

export interface ExperimentsHost {
  readonly projectByUri: (uri: string) => Project | undefined;
  readonly histories: Histories;
  /** Whether the workspace is trusted: else nothing is written, whoever asks. */
  readonly trusted: () => boolean;
  /** Something was changed here. */
  readonly changed: (root: string) => void;
}

type Handler<M extends keyof ExperimentRequests> = (
  params: ExperimentRequests[M]['params'],
  token: CancellationToken,
) => ExperimentRequests[M]['result'] | Promise<ExperimentRequests[M]['result']>;

export type RegisterExperimentRequest = <M extends keyof ExperimentRequests>(
  method: M,
  handle: Handler<M>,
) => void;

const MOST_ROWS = 1_000;
const MOST_COLUMNS = 300;
const MOST_SORTS = 8;
const MOST_KNOWN = 2_000;
const MOST_CURVES = 100;
const MOST_METRICS = 20;
const MOST_POINTS = 1_000;
/** Longer logs would hold the server up for a picture of some pixels. */
const LONGEST_LOG = 64 * 1024 * 1024;

const UNTRUSTED = {
  ok: false,
  message: 'In Restricted Mode runs are not marked. Trust the workspace if you trust its authors.',
} as const;

export class ExperimentViews {
  readonly #host: ExperimentsHost;

  constructor(host: ExperimentsHost) {
    this.#host = host;
  }

  register(on: RegisterExperimentRequest): void {
    on('modelyard/experiments', (params, token) => this.#page(params, token));
    on('modelyard/experimentCurves', (params, token) => this.#curves(params, token));
    on('modelyard/markRuns', (params) => this.#mark(params));
  }

  async #page(
    params: ExperimentsParams,
    token: CancellationToken,
  ): Promise<ExperimentRequests['modelyard/experiments']['result']> {
    const project = this.#host.projectByUri(text(params, 'projectUri'));
    if (project === undefined) return noProject(params.projectUri);
    const columns = (optionalTexts(params, 'columns') ?? []).slice(0, MOST_COLUMNS);
    const offset = Math.max(0, whole(params, 'offset'));
    const limit = Math.max(0, Math.min(MOST_ROWS, whole(params, 'limit')));
    const parsed = queryOf(params);
    if (!parsed.ok) return parsed;
    const history = this.#host.histories.of(project.root);
    const isPlain = params.partial === true && offset === 0 && isEverything(parsed.query);
    const newest = isPlain ? history.newestInTable() : undefined;
    const table = newest ?? (await history.table());
    throwIfCancelled(token);
    try {
      const all = table.find(parsed.query);
      const page = pageOf(table, all, { offset, limit, columns });
      return {
        ok: true,
        ...page,
        ...(newest === undefined ? {} : { partial: true }),
        ...(params.catalogue === true ? { catalogue: catalogueOf(table) } : {}),
        problems: history.store.problems.map(({ message }) => message),
      };
    } catch (error) {
      if (!(error instanceof UnknownColumn)) throw error;
      return { ok: false, message: `No run has "${error.column}".`, ...placeOf(params, error.column) };
    }
  }

  async #curves(
    params: ExperimentRequests['modelyard/experimentCurves']['params'],
    token: CancellationToken,
  ): Promise<ExperimentRequests['modelyard/experimentCurves']['result']> {
    const project = this.#host.projectByUri(text(params, 'projectUri'));
    const ids = (optionalTexts(params, 'ids') ?? []).filter(isRunId).slice(0, MOST_CURVES);
    const metrics = new Set((optionalTexts(params, 'metrics') ?? []).slice(0, MOST_METRICS));
    const maxPoints = Math.max(2, Math.min(MOST_POINTS, finite(params, 'points')));
    const curves: ExperimentCurve[] = [];
    const tooLong: string[] = [];
    if (project === undefined) return { curves, tooLong };
    const { store } = this.#host.histories.of(project.root);
    for (const id of ids) {
      await breathe();
      throwIfCancelled(token);
      const read = store.read(id);
      const series = read.ok ? store.series(read.run, { maxPoints, longest: LONGEST_LOG }) : [];
      if (series === undefined) tooLong.push(id);
      for (const { task, key, points, total } of series ?? []) {
        const metric = `${task}.${key}`;
        if (metrics.size > 0 && !metrics.has(metric)) continue;
        const known = points.filter(({ value }) => Number.isFinite(value));
        const steps = known.map(({ step }) => step);
        curves.push({ id, metric, steps, values: known.map(({ value }) => value), total });
      }
    }
    return { curves, tooLong };
  }

  #mark(
    params: ExperimentRequests['modelyard/markRuns']['params'],
  ): ExperimentRequests['modelyard/markRuns']['result'] {
    if (!this.#host.trusted()) return UNTRUSTED;
    const project = this.#host.projectByUri(text(params, 'projectUri'));
    if (project === undefined) return noProject(params.projectUri);
    const change = changeOf(params.change);
    const { store } = this.#host.histories.of(project.root);
    let count = 0;
    for (const id of optionalTexts(params, 'ids') ?? []) {
      const done = isRunId(id) && existsSync(store.folder(id)) ? store.mark(id, change) : undefined;
      if (done?.ok === true) {
        count += 1;
        continue;
      }
      if (count > 0) this.#host.changed(project.root);
      return { ok: false, message: done?.problem.message ?? `Run ${id} is not there any more.` };
    }
    this.#host.changed(project.root);
    return { ok: true };
  }
}

function noProject(uri: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message: `There is no open project at ${uri}.` };
}

function queryOf(
  params: ExperimentsParams,
):
  | { readonly ok: true; readonly query: TableQuery }
  | { readonly ok: false; readonly message: string; readonly at: number } {
  const expression = optionalText(params, 'filter') ?? '';
  const [words, pipeline] = [optionalText(params, 'text'), optionalText(params, 'pipeline')];
  const since = optionalText(params, 'since');
  const statuses = (optionalTexts(params, 'statuses') ?? []) as readonly RunStatus[];
  let filter: RunFilter | undefined;
  if (expression.trim() !== '') {
    const parsed = parseRunFilter(expression);
    if (!parsed.ok) return parsed;
    ({ filter } = parsed);
  }
  return {
    ok: true,
    query: {
      ...(filter === undefined ? {} : { filter }),
      ...(words === undefined ? {} : { text: words }),
      ...(pipeline === undefined ? {} : { pipeline }),
      ...(since === undefined ? {} : { since }),
      statuses,
      archived: params.archived === true,
      sort: sortOf(params.sort),
    },
  };
}

/** Whether all runs pass, in the order of time. */
function isEverything({ filter, text = '', pipeline, statuses = [], since, sort }: TableQuery): boolean {
  const isNarrowed = filter !== undefined || pipeline !== undefined || since !== undefined;
  return !isNarrowed && text === '' && statuses.length === 0 && sort.length === 0;
}

function sortOf(sort: unknown): readonly ExperimentSort[] {
  if (!Array.isArray(sort)) throw new InvalidParams('sort must be a list');
  return (sort as readonly unknown[]).slice(0, MOST_SORTS).map((one) => {
    if (!isRecord(one) || typeof one['column'] !== 'string')
      throw new InvalidParams('sort must be a list of columns');
    return { column: one['column'], descending: one['descending'] === true };
  });
}

function changeOf(change: unknown): MarkChange {
  if (!isRecord(change)) throw new InvalidParams('change must be an object');
  const { star, archived, note, tags, untag } = change;
  const isTags = isRecord(tags) && Object.values(tags).every((value) => typeof value === 'string');
  if (tags !== undefined && !isTags) throw new InvalidParams('tags must be texts by key');
  const gone = optionalTexts(change, 'untag');
  return {
    ...(typeof star === 'boolean' ? { star } : {}),
    ...(typeof archived === 'boolean' ? { archived } : {}),
    ...(typeof note === 'string' ? { note } : {}),
    ...(isTags ? { tags: tags as Readonly<Record<string, string>> } : {}),
    ...(untag === undefined || gone === undefined ? {} : { untag: gone }),
  };
}

/** Where a name is in the filter, when it is in there. */
function placeOf({ filter = '' }: ExperimentsParams, name: string): { readonly at?: number } {
  const at = filter.indexOf(name);
  return at < 0 ? {} : { at };
}

/** What a page is made of besides the columns that are asked for. */
const HEAD = ['id', 'pipeline', 'status', 'star', 'archived', 'source'];

function pageOf(
  table: RunTable,
  all: readonly number[],
  { offset, limit, columns }: Pick<ExperimentsParams, 'offset' | 'limit' | 'columns'>,
): Omit<ExperimentsPage, 'problems'> {
  const rows = all.slice(offset, offset + limit);
  const [ids = [], pipelines = [], statuses = [], star = [], archived = [], source = []] = table.values(
    rows,
    HEAD,
  );
  const places = (values: readonly unknown[], wanted: unknown): number[] =>
    values.flatMap((value, place) => (value === wanted ? [place] : []));
  return {
    total: all.length,
    all: table.size,
    offset,
    ids: ids.map(String),
    pipelines: pipelines.map((name) => (name === null ? '' : display(name))),
    statuses: statuses as readonly RunStatus[],
    starred: places(star, true),
    archived: places(archived, true),
    tracked: places(source, 'tracking'),
    columns: table.values(rows, columns).map((values) => values.map(wire)),
  };
}

/** As JSON-RPC carries it: a number that keeps its spelling as the nearest number, where that is the same to a person. */
function wire(value: Json | null): unknown {
  if (!isNumber(value)) return value;
  const double = toDouble(value);
  return typeof value === 'number' || Number.isSafeInteger(double) || !/^-?\d+$/.test(value.text)
    ? jsonNumber(double)
    : value.text;
}

function catalogueOf(table: RunTable): NonNullable<ExperimentsPage['catalogue']> {
  return {
    columns: table.columns().slice(0, MOST_KNOWN).map(columnView),
    pipelines: table.words('pipeline').toSorted(),
    users: table.words('user').toSorted(),
  };
}

const PREFIXES: Readonly<Record<KnownColumn['kind'], string>> = {
  param: 'params.',
  metric: 'metrics.',
  tag: 'tag.',
};

function columnView({ kind, name, runs, isNumeric, varies }: KnownColumn): ExperimentColumn {
  const better = kind === 'metric' ? betterDirection(name) : undefined;
  return {
    ...{ id: `${PREFIXES[kind]}${name}`, kind, name, runs, numeric: isNumeric, varies },
    ...(better === undefined ? {} : { better }),
  };
}
