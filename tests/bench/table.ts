/** What a benchmark answers: our figure, the peer's or the floor's from the same run, and the bar it is held to. */
export interface Row {
  readonly work: string;
  /** What was measured and what it is set against, in words. */
  readonly beside: string;
  readonly ours: number;
  readonly peer: number;
  readonly unit: 'ms' | 'MB' | 'failed' | 'queries';
  /** The bar as issue or docs state it. */
  readonly bar: string;
  readonly ok: boolean;
}

/** A row held by a ratio to its peer. */
export function ratioRow(row: Omit<Row, 'ok' | 'bar'>, most: number): Row {
  return { ...row, bar: `≤ ${Number(most.toFixed(2))} ×`, ok: row.ours <= row.peer * most };
}

/** A row held by an absolute bar; the peer is printed beside it, so that a slow machine can be told from a slow program. */
export function absoluteRow(row: Omit<Row, 'ok' | 'bar'>, most: number): Row {
  return { ...row, bar: `≤ ${most} ${row.unit}`, ok: row.ours <= most };
}

/** A row that is held by no bar: what the machine, or the language, makes possible at the most. */
export function floorRow(row: Omit<Row, 'ok' | 'bar'>): Row {
  return { ...row, bar: '–', ok: true };
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

function figure(value: number, unit: string): string {
  return Number.isFinite(value) ? `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${unit}` : '–';
}

/** The table as Markdown, which is also readable as text. */
export function renderTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.work,
    figure(row.ours, row.unit),
    row.beside,
    figure(row.peer, row.unit),
    row.peer > 0 ? `${(row.ours / row.peer).toFixed(2)} ×` : '–',
    row.bar,
    row.ok ? 'ok' : 'MISSED',
  ]);
  const table = [['work', 'ours', 'beside', 'its figure', 'ratio', 'bar', ''], ...cells];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? [];
  const render = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = table;
  return [
    render(head),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...body.map(render),
  ].join('\n');
}
