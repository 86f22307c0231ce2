/**
 * An `mlflow.db` as MLflow's SQLAlchemy store writes it with SQLite. It is copied and the copy is read, so that nothing is
 * written beside it and what is read is of one moment.
 */
import { constants, copyFileSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Database } from 'node-sqlite3-wasm';
import { defined } from '../../base/defined.js';
import type { TrackedDataset, TrackedStatus } from '../../stores/runs/document.js';
import type { LoggedModelStatus } from '../../stores/tracking/logged-models.js';
import { describeError } from '../../stores/disk/problem.js';
import { tempName } from '../../stores/disk/atomic.js';
import { isFolder } from '../../stores/disk/folder.js';
import { filesIn } from './files.js';
import {
  type ForeignExperiment,
  type ForeignInputs,
  type ForeignModel,
  type ForeignRegistered,
  type ForeignRun,
  type ForeignStore,
  UnreadableStore,
} from './foreign.js';

const STATUSES: ReadonlySet<string> = new Set<TrackedStatus>(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']); // prettier-ignore
/** By the number that the column has. */
const MODEL_STATUS: readonly (LoggedModelStatus | undefined)[] = [undefined, 'PENDING', 'READY', 'UPLOAD_FAILED']; // prettier-ignore
/** Where `mlflow server` puts what it takes in itself, beside its database. */
const SERVED = ['mlartifacts', 'mlruns'];

type Row = Readonly<Record<string, unknown>>;

/**
 * @param file absolute
 * @param temp a folder on whose disk there is room for a copy
 * @throws with words where it is no such database, or is being written
 */
export function openDatabase(file: string, temp: string): ForeignStore {
  const folder = tempName(path.join(temp, 'mlflow'));
  mkdirSync(folder, { recursive: true });
  let reader: Reader | undefined;
  const close = (): void => {
    reader?.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    reader = new Reader(copied(file, path.join(folder, 'copy.db')), path.dirname(file));
    return { experiments: reader.experiments(), registered: reader.registered(), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A copy of one moment: SQLite writes only while there is a journal, and each write changes the stamp. */
function copied(file: string, to: string): string {
  const stamp = (): string => {
    for (const one of [`${file}-journal`, `${file}-wal`]) {
      if (existsSync(one) && statSync(one).size > 0) {
        throw new Error(
          `${path.basename(one)} says that ${file} is being written: stop the MLflow server, or wait for it, and import again`,
        );
      }
    }
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  };
  const before = stamp();
  copyFileSync(file, to, constants.COPYFILE_FICLONE);
  if (stamp() !== before) throw new Error(`${file} was written while it was read: import again`);
  return to;
}

class Reader {
  readonly #database: Database;
  /** Columns of each table that there is: older versions of MLflow lack some. */
  readonly #columns = new Map<string, ReadonlySet<string>>();
  /** Where the database lies: what relative addresses begin at. */
  readonly #home: string;

  constructor(file: string, home: string) {
    this.#home = home;
    this.#database = new Database(file, { readOnly: true });
    // Of a database of strangers nothing is computed that they have written: no view, no module, no generated column (which
    // `pragma_table_info` leaves out). As https://www.sqlite.org/security.html says.
    this.#database.exec('PRAGMA trusted_schema = OFF');
    const tables = this.#all("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'").map(({ name }) => textOf(name)); // prettier-ignore
    for (const table of tables) {
      const columns = this.#all('SELECT name FROM pragma_table_info(?)', table);
      this.#columns.set(table, new Set(columns.map(({ name }) => textOf(name))));
    }
    if (!this.#has('runs', 'run_uuid') || !this.#has('experiments', 'experiment_id'))
      throw new Error('it is no database of MLflow: it has no tables of runs and experiments');
  }

  close(): void {
    this.#database.close();
  }

  #all(sql: string, ...values: readonly (string | number)[]): readonly Row[] {
    try {
      return this.#database.all(sql, [...values]);
    } catch (error) {
      throw new UnreadableStore(describeError(error));
    }
  }

  #has(table: string, column: string): boolean {
    return this.#columns.get(table)?.has(column) === true;
  }

  /** All that is stored of a table, in the order of a column. */
  #rows(table: string, order: string): readonly Row[] {
    return this.#all(`SELECT ${this.#stored(table)} FROM ${table}${this.#order(table, order)}`);
  }

  #order(table: string, ...columns: readonly string[]): string {
    const known = columns.filter((column) => this.#has(table, column));
    return known.length === 0 ? '' : ` ORDER BY ${known.join(', ')}`;
  }

  #stored(table: string): string {
    return [...(this.#columns.get(table) ?? [])].map((name) => `"${name.replaceAll('"', '""')}"`).join(', ');
  }

  /** Rows of a table where a column has a value; none where this MLflow did not have the table yet. */
  #of(
    table: string,
    column: string,
    value: string | number,
    more = '',
    ...values: readonly (string | number)[]
  ): readonly Row[] {
    if (!this.#has(table, column)) return [];
    return this.#all(
      `SELECT ${this.#stored(table)} FROM ${table} WHERE ${column} = ?${more}`,
      value,
      ...values,
    );
  }

  #texts(
    table: string,
    column: string,
    value: string | number,
    [key, text]: readonly [string, string] = ['key', 'value'],
  ): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#of(table, column, value).map((row) => [textOf(row[key]), textOf(row[text])]),
    );
  }

  experiments(): readonly ForeignExperiment[] {
    return this.#rows('experiments', 'experiment_id').map((row) => {
      const id = numberOf(row['experiment_id']) ?? 0;
      return {
        name: textOf(row['name']),
        deleted: row['lifecycle_stage'] === 'deleted',
        tags: this.#texts('experiment_tags', 'experiment_id', id),
        runs: this.#of('runs', 'experiment_id', id, this.#order('runs', 'start_time', 'run_uuid')).map(
          (run) => this.#run(run),
        ),
        models: this.#of(
          'logged_models',
          'experiment_id',
          id,
          this.#order('logged_models', 'creation_timestamp_ms'),
        )
          .filter((model) => model['lifecycle_stage'] !== 'deleted')
          .map((model) => this.#model(model)),
      };
    });
  }

  #run(row: Row): ForeignRun {
    const id = textOf(row['run_uuid']);
    const status = textOf(row['status']);
    const name = textOf(row['name']);
    return {
      id,
      name: name === '' ? (this.#texts('tags', 'run_uuid', id)['mlflow.runName'] ?? id) : name,
      user: textOf(row['user_id']),
      status: isStatus(status) ? status : 'RUNNING',
      start: numberOf(row['start_time']) ?? 0,
      ...defined({ end: numberOf(row['end_time']) }),
      deleted: row['lifecycle_stage'] === 'deleted',
      params: () => this.#texts('params', 'run_uuid', id),
      tags: () => this.#texts('tags', 'run_uuid', id),
      points: () => this.#points(id),
      inputs: () => this.#inputs(id),
      artifacts: () => this.#artifacts(textOf(row['artifact_uri']), `${id}/artifacts`),
    };
  }

  /** A metric at a time, in the order of its steps. */
  *#points(id: string): ReturnType<ForeignRun['points']> {
    if (!this.#has('metrics', 'run_uuid') || !this.#has('metrics', 'key')) return;
    const order = this.#order('metrics', 'step', 'timestamp');
    for (const { key } of this.#all('SELECT DISTINCT key FROM metrics WHERE run_uuid = ?', id)) {
      const rows = this.#of('metrics', 'run_uuid', id, ` AND key = ?${order}`, textOf(key));
      yield rows.map((row) => ({
        key: textOf(row['key']),
        at: numberOf(row['timestamp']) ?? 0,
        step: numberOf(row['step']) ?? 0,
        value: valueIn(row['value'], row['is_nan']),
      }));
    }
  }

  #inputs(id: string): ForeignInputs {
    const used = this.#of('inputs', 'destination_id', id).filter((row) => row['destination_type'] === 'RUN');
    const made = this.#of('inputs', 'source_id', id).filter((row) => row['source_type'] === 'RUN_OUTPUT');
    return {
      datasets: used
        .filter((row) => row['source_type'] === 'DATASET')
        .flatMap((row) => this.#dataset(textOf(row['source_id']), textOf(row['input_uuid'])) ?? []),
      modelInputs: this.#of('inputs', 'source_id', id)
        .filter((row) => row['source_type'] === 'RUN_INPUT')
        .map((row) => textOf(row['destination_id'])),
      modelOutputs: made.map((row) => ({
        id: textOf(row['destination_id']),
        step: numberOf(row['step']) ?? 0,
      })),
    };
  }

  #dataset(id: string, input: string): TrackedDataset | undefined {
    const [row] = this.#of('datasets', 'dataset_uuid', id);
    if (row === undefined) return undefined;
    const optional = (column: string): string | undefined =>
      row[column] === null ? undefined : textOf(row[column]);
    return {
      ...{ name: textOf(row['name']), digest: textOf(row['digest']) },
      ...{ sourceType: textOf(row['dataset_source_type']), source: textOf(row['dataset_source']) },
      ...defined({ schema: optional('dataset_schema'), profile: optional('dataset_profile') }),
      tags: this.#texts('input_tags', 'input_uuid', input, ['name', 'value']),
    };
  }

  #model(row: Row): ForeignModel {
    const id = textOf(row['model_id']);
    const [type, run] = [textOf(row['model_type']), textOf(row['source_run_id'])];
    return {
      ...{ id, name: textOf(row['name']) },
      ...(type === '' ? {} : { type }),
      ...(run === '' ? {} : { run }),
      status: MODEL_STATUS[numberOf(row['status']) ?? 0] ?? 'PENDING',
      params: () => this.#texts('logged_model_params', 'model_id', id, ['param_key', 'param_value']),
      tags: () => this.#texts('logged_model_tags', 'model_id', id, ['tag_key', 'tag_value']),
      metrics: () =>
        this.#of('logged_model_metrics', 'model_id', id).map((one) => {
          const value = valueIn(one['metric_value'], 0);
          const [name, digest] = [textOf(one['dataset_name']), textOf(one['dataset_digest'])];
          return {
            key: textOf(one['metric_name']),
            value: Number.isFinite(value) ? value : String(value),
            at: numberOf(one['metric_timestamp_ms']) ?? 0,
            step: numberOf(one['metric_step']) ?? 0,
            run: textOf(one['run_id']),
            ...(name === '' ? {} : { dataset: { name, digest } }),
          };
        }),
      artifacts: () => this.#artifacts(textOf(row['artifact_location']), `${id}/artifacts`),
    };
  }

  registered(): readonly ForeignRegistered[] {
    if (!this.#has('registered_models', 'name')) return [];
    return this.#rows('registered_models', 'name').map((row) => {
      const name = textOf(row['name']);
      return {
        name,
        description: textOf(row['description']),
        tags: this.#texts('registered_model_tags', 'name', name),
        aliases: this.#texts('registered_model_aliases', 'name', name, ['alias', 'version']),
        versions: this.#of('model_versions', 'name', name, this.#order('model_versions', 'version'))
          .filter((version) => version['current_stage'] !== 'Deleted_Internal')
          .map((version) => {
            const [run, stage] = [textOf(version['run_id']), textOf(version['current_stage'])];
            const number = textOf(version['version']);
            const tags = this.#of('model_version_tags', 'name', name).filter(
              (tag) => textOf(tag['version']) === number,
            );
            return {
              version: number,
              created: numberOf(version['creation_time']) ?? 0,
              description: textOf(version['description']),
              source: textOf(version['source']),
              ...(run === '' ? {} : { run }),
              ...(stage === '' ? {} : { stage }),
              tags: Object.fromEntries(tags.map((tag) => [textOf(tag['key']), textOf(tag['value'])])),
            };
          }),
      };
    });
  }

  /** @param inner what every address that MLflow gives ends with: other folders of this machine are nobody's artifacts */
  #artifacts(uri: string, inner: string): ReturnType<ForeignRun['artifacts']> {
    if (uri === '') return [];
    const folders = foldersOf(uri, this.#home);
    if (folders === undefined) throw new Error(`${uri} is not on this machine: its files stay there`);
    const found = folders
      .filter((folder) => folder.split(path.sep).join('/').endsWith(`/${inner}`))
      .find(isFolder);
    return found === undefined ? [] : filesIn(found);
  }
}

/** Where the files of an address may lie; nothing: on another machine. */
function foldersOf(uri: string, home: string): readonly string[] | undefined {
  const served = /^mlflow-artifacts:(?:\/\/[^/]*)?\/*(.*)$/s.exec(uri)?.[1];
  if (served !== undefined) return SERVED.map((name) => path.join(home, name, served));
  if (/^file:/i.test(uri)) {
    try {
      return withMoved(
        fileURLToPath(/^file:\/\//i.test(uri) ? uri : uri.replace(/^file:/i, 'file://')),
        home,
      );
    } catch {
      return undefined;
    }
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(uri)) return undefined;
  return withMoved(path.resolve(home, uri), home);
}

/** A database that was moved with its folder of artifacts still has the old addresses. */
function withMoved(folder: string, home: string): readonly string[] {
  const parts = folder.split(path.sep);
  const at = parts.findLastIndex((part) => SERVED.includes(part));
  return at === -1 ? [folder] : [folder, path.join(home, ...parts.slice(at))];
}

function isStatus(text: string): text is TrackedStatus {
  return STATUSES.has(text);
}

/** MLflow's store has no infinities: their place have the greatest doubles. */
function valueIn(value: unknown, isNan: unknown): number {
  if (isNan === 1 || isNan === true || value === null) return NaN;
  const number = Number(value);
  if (number === Number.MAX_VALUE) return Infinity;
  return number === -Number.MAX_VALUE ? -Infinity : number;
}

function textOf(value: unknown): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'bigint'
      ? String(value)
      : '';
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}
