/** Runs side by side. */
import type { RunView } from '../../server/protocol/index.js';
import { lineChart, type Line } from './parts/charts/chart.js';
import { checkbox, h, icon, link, statusIcon } from './parts/dom.js';
import { connect } from './parts/host.js';
import { on, replace } from './parts/patch.js';
import { rowsOf, type Row } from './shared/comparison.js';
import { duration, elapsed, localDateTime, number, plain, shown } from '../../server/base/format.js';
import type { FromCompare, ToCompare } from './shared/messages/index.js';

const root = document.getElementById('root') ?? document.body;
let onlyDifferent = false;
/** The id of the run that the others are held against; the oldest, unless somebody chose another. */
let baseline: string | undefined;
let last: ToCompare | undefined;

/** The baseline first, then the oldest. */
function ordered(runs: readonly RunView[]): readonly RunView[] {
  const rank = (run: RunView): string => `${run.id === baseline ? 0 : 1}${run.createdAt}${run.id}`;
  return runs.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function makeBaseline(run: RunView, several: boolean): HTMLElement {
  const [words, title] = several
    ? ['Make Baseline', 'Hold the other runs against this one']
    : ['Swap', 'Hold the other run against this one'];
  return link(words, title, `baseline:${run.id}`, () => {
    baseline = run.id;
    host.remember('baseline', baseline);
    if (last) draw(last);
  });
}

function head(run: RunView, index: number, runs: readonly RunView[]): HTMLElement {
  const open = h(
    'button',
    { type: 'button', class: 'link', title: `Show run ${plain(run.id)}`, 'data-key': `run:${run.id}` },
    plain(run.pipeline, 60),
  );
  on(open, 'click', () => host.send({ type: 'openRun', id: run.id, projectUri: run.projectUri }));
  return h(
    'th',
    { scope: 'col' },
    h('div', { class: `key color-${index % 6}` }, statusIcon(run.status), open),
    h('div', { class: 'dim' }, localDateTime(run.createdAt)),
    index === 0 ? h('div', { class: 'dim' }, 'baseline') : makeBaseline(run, runs.length > 2),
  );
}

function change(row: Row, index: number): string {
  const first = row.values[0];
  const value = row.values[index];
  if (index === 0 || typeof first !== 'number' || typeof value !== 'number' || first === value) return '';
  const difference = value - first;
  return ` (${difference > 0 ? '+' : '−'}${number(Math.abs(difference))})`;
}

function section(
  title: string,
  codicon: string,
  rows: readonly Row[],
  runs: readonly RunView[],
): HTMLElement | undefined {
  const visible = rows.filter((row) => row.differs || !onlyDifferent);
  if (rows.length === 0) return undefined;
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, icon(codicon), title),
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        { class: 'compare' },
        h('thead', {}, h('tr', {}, h('td', {}), ...runs.map(head))),
        h(
          'tbody',
          {},
          ...visible.map((row) =>
            h(
              'tr',
              row.differs ? { class: 'differs' } : {},
              h(
                'th',
                { scope: 'row' },
                plain(row.name, 80),
                row.differs ? h('span', { class: 'said' }, ' (differs)') : undefined,
              ),
              ...row.values.map((value, index) =>
                h(
                  'td',
                  { class: 'value' },
                  value === undefined ? '–' : shown(value, 80),
                  h('span', { class: 'dim' }, change(row, index)),
                ),
              ),
            ),
          ),
          visible.length === 0
            ? h('tr', {}, h('td', { colspan: runs.length + 1, class: 'dim' }, 'All the same.'))
            : undefined,
        ),
      ),
    ),
  );
}

function charts(runs: readonly RunView[]): HTMLElement | undefined {
  const byKey = new Map<string, Line[]>();
  runs.forEach((run, index) => {
    for (const series of run.series) {
      if (series.points.length < 2) continue;
      const key = `${series.task} · ${series.key}`;
      const lines = byKey.get(key) ?? [];
      lines.push({
        name: `${plain(run.pipeline, 24)} ${localDateTime(run.createdAt).slice(11)}`,
        points: series.points,
        color: index % 6,
      });
      byKey.set(key, lines);
    }
  });
  if (byKey.size === 0) return undefined;
  return h(
    'section',
    {},
    h('h2', {}, icon('graph-line'), 'Metrics over steps'),
    h('div', { class: 'charts' }, ...[...byKey].map(([key, lines]) => lineChart(plain(key, 80), lines))),
  );
}

function draw({ runs: found, missing }: ToCompare): void {
  const runs = ordered(found);
  const box = checkbox('different', 'Only what differs', onlyDifferent, (checked) => {
    onlyDifferent = checked;
    host.remember('onlyDifferent', checked);
    if (last) draw(last);
  });
  const times = runs.map((run) => elapsed(run.createdAt, run.endedAt, Date.now()));
  const facts: Row[] = [
    {
      name: 'status',
      values: runs.map((run) => run.status),
      differs: new Set(runs.map((run) => run.status)).size > 1,
    },
    {
      name: 'duration',
      values: times.map((time) => (time === undefined ? undefined : duration(time))),
      differs: false,
    },
    {
      name: 'commit',
      values: runs.map((run) =>
        run.git === undefined
          ? undefined
          : `${run.git.commit.slice(0, 8)}${run.git.dirty ? ' with changes' : ''}`,
      ),
      differs: new Set(runs.map((run) => run.git?.commit)).size > 1,
    },
    { name: 'run id', values: runs.map((run) => run.id), differs: false },
  ];
  replace(
    root,
    h(
      'div',
      { class: 'bar' },
      h('h1', {}, `${runs.length} runs compared`),
      h('span', { class: 'grow' }),
      box,
    ),
    missing.length === 0
      ? undefined
      : h(
          'p',
          { class: 'error' },
          icon('warning'),
          `Not there any more: ${missing.map((id) => plain(id)).join(', ')}`,
        ),
    section('Runs', 'history', facts, runs),
    section('Python', 'package', rowsOf(runs.map((run) => run.python ?? {})), runs),
    section('Params', 'settings', rowsOf(runs.map((run) => run.params)), runs),
    section('Metrics', 'symbol-numeric', rowsOf(runs.map(metricsOf)), runs),
    charts(runs),
  );
}

function metricsOf(run: RunView): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    run.tasks.flatMap((task) =>
      Object.entries(task.metrics).map(([key, value]) => [`${task.id} · ${key}`, value]),
    ),
  );
}

const host = connect<ToCompare, FromCompare>((message) => {
  onlyDifferent = host.recall('onlyDifferent') === true;
  const kept = host.recall('baseline');
  if (typeof kept === 'string') baseline = kept;
  last = message;
  draw(message);
});
