/** A look at the times of a table, before all of it is read: whether they can be read, and what is odd about them. */
import { defined } from '../../base/defined.js';
import type { ViewFacts } from '../../definition/known/feature-facts.js';
import { epochAdvice, farFuture } from '../../definition/text/timestamps.js';
import { plural } from '../../base/format.js';
import type { Engine } from '../engine/engine.js';
import type { Column } from '../engine/messages.js';
import { identifier } from '../sql.js';
import { timestampOf } from '../training/labels.js';
import { isNumeric, readTime } from './types.js';
import type { ResolvedView } from '../views/view.js';

/** Rows whose times are looked at. */
const FIRST_ROWS = 2_000;

interface Table {
  readonly table: string;
  readonly columns: readonly Column[];
}

/**
 * Why the times of the first rows can't be read, or what is odd about them; nothing where there is no such column, which is
 * said elsewhere.
 *
 * @param explain what an error of the engine says of a time that can't be read
 */
export async function firstTimes(
  engine: Engine,
  resolved: ResolvedView,
  { table, columns }: Table,
  explain: (message: string) => Promise<string | undefined>,
): Promise<Pick<ViewFacts, 'time' | 'oddTime'>> {
  const isLabels = resolved.times !== undefined;
  const chosen = isLabels ? timeOfLabels(resolved, columns) : timeOfView(resolved, columns);
  if (typeof chosen === 'string') return { time: chosen };
  if (chosen === undefined) return {};
  const { name, type } = chosen;
  const relation = identifier(table);
  if (isNumeric(type)) {
    return { time: `"${name}" is ${type}, and not a moment. ${await epochWords(engine, relation, name)}` };
  }
  const read = type === 'VARCHAR' ? readTime(name) : identifier(name);
  const found = await engine.query(
    `SELECT CAST(max(t) AS VARCHAR), count(*) - count(t), count(*) FROM (SELECT ${read} AS t FROM ${relation} LIMIT ${FIRST_ROWS})`,
  );
  if (!found.ok) return defined({ time: await explain(found.error.message) });
  const [latest, without, rows] = found.value.rows[0] ?? [];
  const late = typeof latest === 'string' ? farFuture(name, latest.replace(' ', 'T')) : undefined;
  const odd = late === undefined ? [] : [sentence(late)];
  if (Number(without) === 0) return defined({ oddTime: odd[0] });
  const some = `${Number(without)} of ${Number(rows) === FIRST_ROWS ? 'the first ' : ''}`;
  if (isLabels) {
    odd.unshift(`${some}${plural(Number(rows), 'label')} have no ${name}, and get no features.`);
    return { oddTime: odd.join(' ') };
  }
  return {
    time: `${some}${plural(Number(rows), 'row')} have no ${name}. Leave them out in a transform: \`select * from source where ${identifier(name)} is not null\`.`,
  };
}

function timeOfView({ view }: ResolvedView, columns: readonly Column[]): Column | undefined {
  const written = view.source?.timestamp?.value;
  const name = view.source?.fieldMapping.find(({ from }) => from.value === written)?.to.value ?? written;
  return columns.find((one) => one.name === name);
}

/** The column, or why there is none. */
function timeOfLabels(
  { path, times = [] }: ResolvedView,
  columns: readonly Column[],
): Column | string | undefined {
  const [timestamp] = times;
  const named = columns.find(({ name }) => name === timestamp);
  if (timestamp !== undefined && (named === undefined || isNumeric(named.type))) return named;
  const chosen = timestampOf({ path, columns, ...defined({ timestamp }) });
  if (chosen.ok) return chosen.timestamp;
  // Keys that look like moments are known to be none once the views are read.
  return chosen.several === true ? undefined : chosen.message;
}

/** What to do about times that are numbers, by their size. @param relation SQL for FROM */
export async function epochWords(engine: Engine, relation: string, column: string): Promise<string> {
  const largest = await engine.query(
    `SELECT max(abs(CAST(t AS DOUBLE))) FROM (SELECT ${identifier(column)} AS t FROM ${relation} LIMIT ${FIRST_ROWS})`,
  );
  const value = largest.ok ? largest.value.rows[0]?.[0] : undefined;
  return epochAdvice(column, typeof value === 'number' ? value : undefined);
}

/** A message of the engine as one sentence. */
export function sentence(message: string): string {
  const text = message.replaceAll(/\s+/g, ' ').trim();
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
