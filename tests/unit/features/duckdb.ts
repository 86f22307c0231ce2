/** An engine with a folder, and rows as objects. */
import { after } from 'node:test';
import type { Engine } from '../../../server/features/engine/engine.js';
import type { Column, Plain } from '../../../server/features/engine/messages.js';
import { textOf } from '../../../server/features/sql.js';
import { engineFor, temporary, valueOf } from '../../support/features.js';

export interface Database {
  readonly engine: Engine;
  /** The folder that SQL may write to. */
  readonly folder: string;
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<Record<string, Plain>[]>;
  /** Of what stands behind FROM. */
  columns(relation: string): Promise<Column[]>;
}

/** What the helpers know of a test, for those of a whole file. */
const file: Parameters<typeof temporary>[0] = { after: (done) => after(done as () => void) };

/** Closed and removed when the file's tests have ended. */
export async function openDuckDb(
  options: { readonly threads?: number; readonly readable?: readonly string[] } = {},
): Promise<Database> {
  const folder = temporary(file);
  const engine = await engineFor(file, { tempFolder: folder, threads: 2, ...options });
  const ask = async (sql: string): Promise<Record<string, Plain>[]> => {
    const { columns, rows } = valueOf(await engine.query(sql));
    return rows.map((row) => Object.fromEntries(columns.map(({ name }, at) => [name, row[at] ?? null])));
  };
  return {
    engine,
    folder,
    run: async (sql) => {
      await ask(sql);
    },
    rows: ask,
    columns: async (relation) => {
      const described = valueOf(await engine.query(`DESCRIBE SELECT * FROM ${relation}`));
      return described.rows.map(([name, type]) => ({ name: textOf(name), type: textOf(type) }));
    },
  };
}
