/** What is worth a word about a training set that was just made: labels and features that found nothing. */
import { plural } from '../../base/format.js';
import type { Engine } from '../engine/engine.js';
import type { Column, EngineResult, Plain } from '../engine/messages.js';
import { identifier, list, textOf } from '../sql.js';
import { AT, type PreparedView } from './point-in-time.js';

interface Tables {
  /** The table of labels, with their times in `AT`. */
  readonly labels: string;
  /** The table of the training set. */
  readonly joined: string;
}

interface Made {
  readonly columns: readonly (Column & { readonly nulls: number })[];
  readonly rows: number;
}

/**
 * Sentences about labels without a time, views of which labels get no value, and features that have none in any row. One look at
 * the labels and one at the result; where a view gave nothing at all, one more that finds out why.
 */
export async function trainingSetNotes(
  engine: Engine,
  { labels, joined }: Tables,
  { columns, rows }: Made,
  views: readonly PreparedView[],
): Promise<EngineResult<string[]>> {
  if (rows === 0) return { ok: true, value: ['There are no labels.'] };
  const nulls = new Map(columns.map((column) => [column.name, column.nulls]));
  const empty = views.map(
    ({ view }) =>
      `count(*) FILTER (WHERE ${view.features.map(({ as }) => `${identifier(as)} IS NULL`).join(' AND ')})`,
  );
  const timeless = await one(
    engine,
    `SELECT count(*) FROM ${identifier(labels)} WHERE ${identifier(AT)} IS NULL`,
  );
  if (!timeless.ok) return timeless;
  const counted = await one(engine, `SELECT ${list(empty)} FROM ${identifier(joined)}`);
  if (!counted.ok) return counted;
  const notes: string[] = [];
  const without = Number(timeless.value[0]);
  if (without > 0) notes.push(`${without} of ${plural(rows, 'label')} have no time and get no features.`);
  for (const [index, { view }] of views.entries()) {
    const missed = Number(counted.value[index]);
    if (missed === rows) {
      const why = await whyNone(engine, labels, view, rows);
      if (!why.ok) return why;
      notes.push(why.value);
      continue;
    }
    if (missed > without)
      notes.push(`${missed} of ${plural(rows, 'label')} get no value of view ${view.name}.`);
    for (const { as } of view.features) {
      if (nulls.get(as) === rows)
        notes.push(`Feature ${as} of view ${view.name} is empty in all ${plural(rows, 'row')}.`);
    }
  }
  return { ok: true, value: notes };
}

/** Of a view that no label gets anything of: whether it is the keys or the times. */
async function whyNone(
  engine: Engine,
  labels: string,
  view: PreparedView['view'],
  rows: number,
): Promise<EngineResult<string>> {
  const nothing = `None of ${plural(rows, 'label')} gets a value of view ${view.name}`;
  if (view.keys.length === 0)
    return { ok: true, value: `${nothing}: all of its rows are later, or too old.` };
  const equal = view.keys.map((key) => {
    const name = identifier(key);
    return `${view.labelKeys?.get(key) ?? `l.${name}`} = v.${name}`;
  });
  const matched = await one(
    engine,
    `SELECT count(*) FROM ${identifier(labels)} l SEMI JOIN ${view.relation} v ON ${equal.join(' AND ')}`,
  );
  if (!matched.ok) return matched;
  const known = Number(matched.value[0]);
  if (known > 0) {
    const late = `the rows of their keys are later than the labels${view.ttlMs === undefined ? '' : ', or older than the ttl'}, or have no value`;
    return {
      ok: true,
      value: `${nothing}: ${known} have a key (${view.keys.join(', ')}) that it knows, and ${late}.`,
    };
  }
  const shown = (relation: string): Promise<EngineResult<readonly Plain[]>> =>
    one(
      engine,
      `SELECT ${list(view.keys.map((key) => `CAST(${identifier(key)} AS VARCHAR)`))} FROM ${relation} WHERE ${view.keys.map((key) => `${identifier(key)} IS NOT NULL`).join(' AND ')} LIMIT 1`,
    );
  const mine = await shown(identifier(labels));
  if (!mine.ok) return mine;
  const other = await shown(view.relation);
  if (!other.ok) return other;
  const example =
    mine.value.length === 0
      ? 'the labels have no keys'
      : other.value.length === 0
        ? 'the view has no rows'
        : `the labels have keys such as ${quoted(mine.value)}, and the view such as ${quoted(other.value)}`;
  return { ok: true, value: `${nothing}: 0 have a key (${view.keys.join(', ')}) that it knows; ${example}.` };
}

function quoted(values: readonly Plain[]): string {
  return values.map((value) => `"${textOf(value).slice(0, 40)}"`).join(', ');
}

async function one(engine: Engine, sql: string): Promise<EngineResult<readonly Plain[]>> {
  const found = await engine.query(sql);
  return found.ok ? { ok: true, value: found.value.rows[0] ?? [] } : found;
}
