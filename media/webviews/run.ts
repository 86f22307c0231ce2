/** A run to look at, live while it goes on. */
import type { RunView, TaskRunView } from '../../server/protocol/index.js';
import { lineChart, type Line } from './parts/charts/chart.js';
import { button, h, icon, statusIcon } from './parts/dom.js';
import { connect } from './parts/host.js';
import { replace } from './parts/patch.js';
import { runTables } from './parts/run-tables.js';
import { timeline } from './parts/charts/timeline.js';
import { bytes, duration, elapsed, localDateTime, plain, plural } from '../../server/base/format.js';
import type { FromRun, JobCommand, ToRun } from './shared/messages/index.js';
import { isActive, look } from './shared/status.js';

const root = document.getElementById('root') ?? document.body;
const head = h('header', { class: 'run-head' });
const problem = h('div', {});
const tasks = h('section', { 'aria-label': 'Tasks' });
const detail = h('div', {});
const charts = h('section', { 'aria-label': 'Charts' });
const tables = h('div', { class: 'columns' });
const log = h('pre', { class: 'log', tabindex: 0, 'aria-label': 'Log' });
// The log stays in its place while what is above it is drawn again: it would lose how far it is scrolled, and what is selected.
const chosenTask = h('section', { class: 'chosen card', 'aria-label': 'Chosen task' }, detail, log);
const work = h('div', { class: 'work' }, tasks, chosenTask);
root.append(head, problem, work, charts, tables);

/** Often enough to look live; a run of many tasks tells of changes much more often. */
const DRAW_MS = 300;

let run: RunView | undefined;
let canRun = false;
let chosen: string | undefined;
let drawn = '';
let drawnAt = 0;
let waiting: ReturnType<typeof setTimeout> | undefined;

function chip(codicon: string, text: string, title: string): HTMLElement {
  return h('span', { class: 'chip', title }, icon(codicon), text);
}

function drawHead(view: RunView, now: number): void {
  const active = isActive(view.status);
  const time = elapsed(view.createdAt, view.endedAt, now);
  const done = view.tasks.filter((task) => !isActive(task.status)).length;
  const git = view.git;
  // A client starts and ends its runs itself, and no pipeline defines them.
  const tracked = view.source === 'tracking';
  replace(
    head,
    h(
      'div',
      { class: 'bar' },
      h('h1', {}, statusIcon(view.status), plain(view.name ?? view.pipeline, 80)),
      h(
        'span',
        { class: 'dim grow' },
        `${look(view.status).word}${active ? `, ${done} of ${view.tasks.length} tasks` : ''}`,
      ),
      tracked
        ? undefined
        : active
          ? button('debug-stop', 'Cancel', () => host.send({ type: 'cancel' }))
          : canRun
            ? button('debug-rerun', 'Run Again', () => host.send({ type: 'rerun' }), { primary: true })
            : undefined,
      ...(tracked
        ? []
        : [
            button('type-hierarchy', 'Graph', () => host.send({ type: 'graph' })),
            button('go-to-file', 'Definition', () => host.send({ type: 'openDefinition' })),
          ]),
    ),
    h(
      'div',
      { class: 'chips' },
      chip('calendar', localDateTime(view.createdAt), 'Started'),
      time === undefined
        ? undefined
        : chip('watch', duration(active ? Math.floor(time / 1000) * 1000 : time), 'Duration'),
      git === undefined
        ? undefined
        : chip(
            'git-commit',
            `${plain(git.commit.slice(0, 8))}${git.branch === undefined ? '' : ` on ${plain(git.branch, 40)}`}${git.dirty ? ', with changes' : ''}`,
            'Commit',
          ),
      chip('account', `${plain(view.user, 30)} on ${plain(view.host, 40)}`, 'Who, and on which machine'),
      tracked ? chip('beaker', plain(view.pipeline, 80), 'Experiment') : undefined,
      chip(
        view.trigger === 'editor' ? 'vscode' : view.trigger === 'ci' ? 'server-process' : 'terminal',
        tracked
          ? 'by an MLflow client'
          : view.trigger === 'editor'
            ? 'from the editor'
            : view.trigger === 'ci'
              ? 'from CI'
              : 'from a terminal',
        'Started from',
      ),
      view.resumed === undefined
        ? undefined
        : chip('debug-continue', `continues ${plain(view.resumed)}`, 'Resumed'),
      h('span', { class: 'chip mono', title: 'Run id' }, plain(view.id)),
    ),
  );
  for (const [index, element] of [...head.querySelectorAll('button')].entries())
    element.dataset['key'] = `head:${index}`;
}

/** Bytes and times of a task, in one line. */
function facts(task: TaskRunView): string {
  return [
    task.job === undefined ? undefined : `job ${plain(task.job.id, 24)} on ${plain(task.job.executor, 40)}`,
    task.job?.node === undefined ? undefined : `node ${plain(task.job.node, 40)}`,
    task.attempts > 1 ? `${task.attempts} attempts` : undefined,
    task.exitCode === undefined || task.exitCode === 0 ? undefined : `exit code ${task.exitCode}`,
    task.cpuSeconds === undefined ? undefined : `${duration(task.cpuSeconds * 1000)} of CPU`,
    task.peakMemoryBytes === undefined ? undefined : `${bytes(task.peakMemoryBytes)} of memory at most`,
    task.restoredFrom === undefined ? undefined : `restored from ${plain(task.restoredFrom)}`,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

/** What can be done with a job that has not ended. */
function jobButtons({ id, status, job }: TaskRunView): readonly HTMLElement[] {
  if (job?.scriptUri === undefined) return [];
  const one = (icon: string, title: string, what: JobCommand): HTMLElement =>
    button(icon, title, () => host.send({ type: 'job', task: id, what }), { iconOnly: true });
  return [
    one('file-code', 'Open Job Script', 'openJobScript'),
    ...(canRun && isActive(status) ? [one('debug-stop', 'Cancel Job', 'cancelJob')] : []),
    ...(canRun && status === 'waiting'
      ? [one('debug-pause', 'Hold Job', 'holdJob'), one('debug-continue', 'Release Job', 'releaseJob')]
      : []),
  ];
}

function drawDetail(view: RunView): void {
  const task = view.tasks.find(({ id }) => id === chosen);
  work.classList.toggle('split', task !== undefined);
  chosenTask.hidden = task === undefined;
  log.hidden = task?.logUri === undefined;
  if (!task) {
    replace(detail);
    return;
  }
  replace(
    detail,
    h(
      'div',
      { class: 'bar' },
      h('h2', {}, statusIcon(task.status), plain(task.id, 80)),
      h(
        'span',
        { class: 'dim grow' },
        [task.action, look(task.status).word, facts(task)].filter((part) => part !== '').join(' · '),
      ),
      task.logUri === undefined
        ? undefined
        : button('output', 'Open Log', () => host.send({ type: 'openLog', task: task.id })),
      ...jobButtons(task),
      button('close', 'Close', () => choose(undefined), { iconOnly: true }),
    ),
    task.error === undefined ? undefined : h('p', { class: 'error' }, icon('error'), plain(task.error, 2000)),
    task.reasons.length === 0
      ? undefined
      : h('p', { class: 'dim' }, `Why: ${task.reasons.map((reason) => plain(reason, 300)).join(' · ')}`),
    task.checks.length === 0 ? undefined : h('ul', { class: 'checks' }, ...task.checks.map(check)),
    ...(task.clients ?? []).map(client),
    task.logUri !== undefined
      ? undefined
      : h(
          'p',
          { class: 'dim' },
          task.status === 'cached'
            ? 'Nothing ran, so there is no log: the outputs were as they had to be, or came from the cache.'
            : 'No log: the task has not run.',
        ),
  );
  for (const [index, element] of [...detail.querySelectorAll('button')].entries())
    element.dataset['key'] = `detail:${index}`;
}

/** A run of an MLflow client that is part of the task. */
function client({
  id,
  name,
  status,
  params,
  tags,
}: NonNullable<TaskRunView['clients']>[number]): HTMLElement {
  const values = [...Object.entries(params), ...Object.entries(tags)].map(
    ([key, value]) => `${plain(key, 120)} = ${plain(value, 120)}`,
  );
  return h(
    'p',
    { class: 'dim', title: plain(id) },
    statusIcon(status),
    h('span', {}, ` MLflow run ${plain(name, 80)}${values.length === 0 ? '' : ': '}${values.join(' · ')}`),
  );
}

function check(one: TaskRunView['checks'][number]): HTMLElement {
  return h(
    'li',
    {},
    icon(one.passed ? 'pass' : 'error', one.passed ? 'status-succeeded' : 'status-failed'),
    h('span', { class: 'mono' }, plain(one.text, 300)),
    one.detail === undefined ? undefined : h('span', { class: 'dim' }, plain(one.detail, 300)),
  );
}

/** One chart for each key; tasks of the same name in a matrix share it. */
function chartsOf(view: RunView): readonly HTMLElement[] {
  const byKey = new Map<string, Line[]>();
  for (const series of view.series) {
    if (series.points.length < 2) continue;
    const base = series.task.split('@')[0] ?? series.task;
    const key = `${base} · ${series.key}`;
    const lines = byKey.get(key) ?? [];
    lines.push({
      name: plain(series.task.slice(series.task.indexOf('@') + 1), 40),
      points: series.points,
      color: lines.length % 6,
    });
    byKey.set(key, lines);
  }
  return [...byKey].map(([key, lines]) => lineChart(plain(key, 80), lines));
}

function choose(task: string | undefined): void {
  chosen = task === chosen ? undefined : task;
  host.remember('task', chosen);
  log.replaceChildren();
  host.send({ type: 'log', task: chosen });
  if (run) draw(run);
  // Where there is no room beside the list, the details are below it.
  if (chosen !== undefined) chosenTask.scrollIntoView({ block: 'nearest' });
}

/** Draws what has come, at once or when it is time again. */
function drawSoon(): void {
  if (waiting !== undefined) return;
  waiting = setTimeout(
    () => {
      waiting = undefined;
      if (run) draw(run);
    },
    Math.max(0, drawnAt + DRAW_MS - Date.now()),
  );
}

function draw(view: RunView): void {
  const now = Date.now();
  drawnAt = now;
  const selection = window.getSelection();
  drawHead(view, now);
  replace(
    problem,
    view.error === undefined ? undefined : h('p', { class: 'error' }, icon('error'), plain(view.error, 2000)),
  );
  replace(
    tasks,
    h(
      'h2',
      {},
      icon('list-unordered'),
      plural(view.tasks.length, 'task'),
      chosen === undefined && view.tasks.length > 0
        ? h('span', { class: 'dim hint' }, 'Choose one to see why it ran, its checks and its log')
        : undefined,
    ),
    timeline(view, now, chosen, choose),
  );
  // While it is live this comes every second: what is the same stays, so that reading and selecting isn't disturbed.
  const same = JSON.stringify([view.tasks, view.series, view.params, chosen]);
  if (same === drawn || (selection?.type === 'Range' && isActive(view.status))) return;
  drawn = same;
  drawDetail(view);
  const figures = chartsOf(view);
  replace(
    charts,
    ...(figures.length === 0
      ? []
      : [h('h2', {}, icon('graph-line'), 'Metrics over steps'), h('div', { class: 'charts' }, ...figures)]),
  );
  replace(
    tables,
    ...runTables(view, {
      openArtifact: (task, path) => host.send({ type: 'openArtifact', task, path }),
      openVersion: (model, version) => host.send({ type: 'openVersion', model, version }),
    }),
  );
}

function showLog(text: string, truncated: boolean): void {
  const atEnd =
    log.scrollHeight - log.scrollTop - log.clientHeight < 40 ||
    log.childElementCount + log.textContent.length === 0;
  const words = `${truncated ? '… (the whole log opens with “Open Log”)\n' : ''}${text === '' ? '(no output)' : text}`;
  if (log.textContent !== words) log.textContent = words;
  if (atEnd) log.scrollTop = log.scrollHeight;
}

const host = connect<ToRun, FromRun>((message) => {
  switch (message.type) {
    case 'missing':
      replace(head, h('h1', {}, 'Run'), h('p', { class: 'dim' }, message.message));
      for (const part of [problem, tasks, detail, charts, tables]) part.replaceChildren();
      chosenTask.hidden = true;
      return;
    case 'log':
      if (message.task === chosen) showLog(message.text, message.truncated);
      return;
    case 'run': {
      const first = run === undefined;
      run = message.run;
      ({ canRun } = message);
      if (first) {
        const before = host.recall('task');
        const failed = run.tasks.find((task) => task.status === 'failed')?.id;
        chosen = typeof before === 'string' ? before : failed;
        if (chosen !== undefined) host.send({ type: 'log', task: chosen });
      }
      if (first) draw(run);
      else drawSoon();
      return;
    }
  }
});
