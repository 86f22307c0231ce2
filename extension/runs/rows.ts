/** Texts and icons of the Runs tree. */
import { itemContext } from '../contributions/items.js';
import { defined } from '../../server/base/defined.js';
import {
  ago,
  bytes,
  duration,
  elapsed,
  localDateTime,
  localDay,
  plain,
  plural,
  shown,
} from '../../server/base/format.js';
import { isActive, look } from '../../media/webviews/shared/status.js';
import type {
  ArtifactView,
  FileChange,
  RunListItem,
  RunView,
  TaskRunView,
  VersionRef,
} from '../../server/protocol/index.js';
import type { GroupBy, RunGroup } from './grouping.js';
import { commas, dots, escapeMarkdown, type ItemText } from '../parts/item-text.js';
import { tagWords } from './marks.js';

/** Tasks that have ended, and all of them. */
export function progress(run: RunListItem): { readonly done: number; readonly total: number } {
  let done = 0;
  let total = 0;
  for (const [status, count] of Object.entries(run.counts)) {
    total += count;
    if (status !== 'queued' && status !== 'running' && status !== 'waiting') done += count;
  }
  return { done, total };
}

/** A key that tells runs of several projects apart. */
export function runKey(run: { readonly projectUri: string; readonly id: string }): string {
  return `run:${run.projectUri}#${run.id}`;
}

/** @param total of the group, where more of it is there than is shown */
export function groupItem(group: RunGroup, by: GroupBy, total = group.runs.length): ItemText {
  const shownRuns = group.runs.length;
  const count = total > shownRuns ? `${shownRuns} of ${plural(total, 'run')}` : plural(shownRuns, 'run');
  const failed = group.runs.filter((run) => run.status === 'failed').length;
  const label = plain(group.label);
  return {
    id: `group:${by}:${group.key}`,
    label,
    description: count,
    icon: by === 'pipeline' ? 'type-hierarchy-sub' : 'calendar',
    context: 'group',
    spoken: commas(label, count, failed > 0 ? `${failed} failed` : undefined),
    children: 'expanded',
  };
}

function metricsLine(metrics: Readonly<Record<string, unknown>>, most: number): string {
  return Object.entries(metrics)
    .filter(([, value]) => typeof value === 'number')
    .slice(0, most)
    .map(([key, value]) => `${plain(key.slice(key.lastIndexOf('.') + 1), 24)} ${shown(value, 24)}`)
    .join(', ');
}

/** Time, length and what came out, beside a run's name. */
export function runDescription(run: RunListItem, now: number, by: GroupBy): string {
  const time = elapsed(run.createdAt, run.endedAt, now);
  const long =
    time === undefined ? undefined : duration(isActive(run.status) ? Math.floor(time / 1000) * 1000 : time);
  if (isActive(run.status)) {
    const { done, total } = progress(run);
    // A script has no tasks to be counted.
    const come = run.source === 'tracking' ? metricsLine(run.metrics, 2) : `${done}/${total}`;
    return dots(run.status === 'running' ? undefined : look(run.status).word, come, long);
  }
  const at = Date.parse(run.createdAt);
  const when = Number.isNaN(at)
    ? ''
    : localDay(at) === localDay(now) || by !== 'day'
      ? ago(run.createdAt, now)
      : localDateTime(run.createdAt).slice(11, 16);
  return dots(
    run.debug === true ? 'debug' : undefined,
    run.status === 'succeeded' ? undefined : look(run.status).word,
    when,
    run.endedAt === undefined ? undefined : long,
    paramsLine(run.params, 2),
    metricsLine(run.metrics, 2),
  );
}

/** What the run was started with: it tells two runs of a pipeline apart. */
function paramsLine(params: RunListItem['params'], most: number): string {
  return Object.entries(params ?? {})
    .slice(0, most)
    .map(([key, value]) => `${plain(key, 24)}=${shown(value, 16)}`)
    .join(' ');
}

function counts(run: RunListItem): string {
  return Object.entries(run.counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${look(status as keyof RunListItem['counts']).word}`)
    .join(', ');
}

const STARTED: Readonly<Record<RunListItem['trigger'], string>> = {
  editor: 'the editor',
  ci: 'CI',
  terminal: 'a terminal',
};

/** What can be done with it. */
function contextOf(run: RunListItem): ItemText['context'] {
  const active = isActive(run.status);
  if (run.source === 'tracking') return active ? 'run.tracked' : 'run.ended.tracked';
  if (run.status === 'waiting') return 'run.waiting';
  if (active) return 'run.active';
  return run.status === 'succeeded' || run.debug === true ? 'run.ended' : 'run.ended.resumable';
}

export function runItem(run: RunListItem, now: number, by: GroupBy): ItemText {
  const shape = look(run.status);
  const allCached =
    run.status === 'succeeded' && (run.counts.cached ?? 0) > 0 && (run.counts.succeeded ?? 0) === 0;
  const tracked = run.source === 'tracking';
  const name = plain(run.name ?? run.pipeline);
  const { star, note, tags = {} } = run.marks ?? {};
  const marks = dots(star === true ? '★' : undefined, plain(tagWords(tags), 60));
  const metrics = Object.entries(run.metrics).slice(0, 12);
  const lines = [
    `**${escapeMarkdown(run.name ?? run.pipeline)}** · $(${shape.icon}) ${shape.word}`,
    tracked ? `$(beaker) experiment ${escapeMarkdown(run.pipeline)}` : '',
    `$(calendar) ${escapeMarkdown(localDateTime(run.createdAt))}, ${tracked ? 'logged by an MLflow client' : `started from ${STARTED[run.trigger]}`}`,
    `$(list-unordered) ${counts(run)}`,
    Object.entries(run.params ?? {})
      .slice(0, 12)
      .map(([key, value]) => `- ${escapeMarkdown(key)} = ${escapeMarkdown(shown(value, 60))}`)
      .join('\n'),
    metrics.length === 0
      ? ''
      : `| metric | value |\n|:--|--:|\n${metrics
          .map(([key, value]) => `| ${escapeMarkdown(key)} | ${escapeMarkdown(shown(value, 60))} |`)
          .join('\n')}`,
    Object.keys(tags).length === 0 ? '' : `$(tag) ${escapeMarkdown(tagWords(tags))}`,
    note === undefined ? '' : `$(note) ${escapeMarkdown(note)}`,
    `\`${plain(run.id).replaceAll('`', '')}\``,
  ];
  return {
    id: runKey(run),
    label: name,
    description: dots(
      marks,
      tracked && by !== 'pipeline' ? plain(run.pipeline) : undefined,
      allCached ? 'from cache' : undefined,
      runDescription(run, now, by),
    ),
    icon: shape.spin ? `${shape.icon}~spin` : allCached ? 'archive' : shape.icon,
    ...defined({ color: shape.color }),
    tooltip: lines.filter((line) => line !== '').join('\n\n'),
    context: contextOf(run),
    spoken: commas(
      `Run of ${name}`,
      star === true ? 'starred' : undefined,
      shape.word,
      tagWords(tags) === '' ? undefined : `tags ${plain(tagWords(tags), 60)}`,
      runDescription(run, now, by),
    ),
    children: 'collapsed',
  };
}

export function moreItem(shownRuns: number, total?: number): ItemText {
  const count = total === undefined ? `${shownRuns} shown` : `${shownRuns} of ${total} shown`;
  return {
    id: 'more',
    label: 'Load more runs…',
    description: count,
    icon: 'ellipsis',
    context: 'more',
    spoken: `Load more runs, ${count}`,
    children: 'none',
    command: { id: 'modelyard.loadMoreRuns', title: 'Load More Runs' },
  };
}

export function problemItem(problem: { readonly path: string; readonly message: string }): ItemText {
  return {
    id: `problem:${problem.path}`,
    label: plain(problem.path),
    description: plain(problem.message),
    icon: 'warning',
    color: 'list.warningForeground',
    tooltip: `${escapeMarkdown(problem.path)}\n\n${escapeMarkdown(problem.message)}`,
    context: 'problem',
    spoken: `Unreadable run, ${plain(problem.path)}, ${plain(problem.message)}`,
    children: 'none',
  };
}

/** What a run's task shows below itself. */
export type Detail =
  | { readonly type: 'error'; readonly text: string }
  | {
      readonly type: 'value';
      readonly what: 'metric' | 'param';
      readonly key: string;
      readonly value: unknown;
    }
  | { readonly type: 'check'; readonly text: string; readonly passed: boolean; readonly note?: string }
  | { readonly type: 'artifact'; readonly artifact: ArtifactView }
  | { readonly type: 'version'; readonly version: VersionRef; readonly note: string }
  | { readonly type: 'log' };

/** `job 12_3 on cluster, node7` */
export function jobText({ id, executor, node }: NonNullable<TaskRunView['job']>): string {
  return commas(
    `job ${plain(id, 24)} on ${plain(executor, 40)}`,
    node === undefined ? undefined : plain(node, 40),
  );
}

export function taskRunItem(
  parent: string,
  run: Pick<RunListItem, 'projectUri'>,
  task: TaskRunView,
  now: number,
): ItemText {
  const shape = look(task.status);
  const time = elapsed(task.startedAt, task.endedAt, now);
  const long =
    time === undefined || task.status === 'cached' || task.status === 'skipped'
      ? undefined
      : duration(isActive(task.status) ? Math.floor(time / 1000) * 1000 : time);
  const name = plain(task.id);
  const { job } = task;
  // Rows are short, and the job's number is in the tooltip: what it waits for comes first.
  const waits =
    task.status === 'waiting' && job !== undefined
      ? task.reasons[0]?.replace(`job ${job.id} on ${job.executor} `, '').replace(/^waits:? /, '')
      : undefined;
  const state = dots(
    task.status === 'succeeded' || task.status === 'running' ? undefined : shape.word,
    long,
    waits === undefined ? undefined : plain(waits, 120),
    task.status === 'running' && job !== undefined ? jobText(job) : undefined,
    task.attempts > 1 ? `${task.attempts} attempts` : undefined,
    task.status === 'failed' && task.exitCode !== undefined ? `exit code ${task.exitCode}` : undefined,
    metricsLine(task.metrics, 2),
  );
  const lines = [
    `**${escapeMarkdown(task.id)}** · ${escapeMarkdown(task.action)} · $(${shape.icon}) ${shape.word}`,
    task.note === undefined ? '' : escapeMarkdown(task.note),
    task.reasons.map((reason) => `- ${escapeMarkdown(reason)}`).join('\n'),
    task.error === undefined ? '' : `$(error) ${escapeMarkdown(task.error)}`,
    task.restoredFrom === undefined ? '' : `Restored from run ${escapeMarkdown(task.restoredFrom)}`,
    job === undefined ? '' : `$(server) ${escapeMarkdown(jobText(job))}`,
    task.peakMemoryBytes === undefined ? '' : `$(dashboard) ${bytes(task.peakMemoryBytes)} at most`,
    task.cpuSeconds === undefined ? '' : `$(chip) ${duration(task.cpuSeconds * 1000)} of CPU`,
  ];
  return {
    id: `${parent}/${task.id}`,
    label: name,
    description: state,
    icon: shape.spin ? `${shape.icon}~spin` : shape.icon,
    ...defined({ color: shape.color }),
    tooltip: lines.filter((line) => line !== '').join('\n\n'),
    context: itemContext(
      'taskRun',
      task.logUri !== undefined && 'log',
      job?.scriptUri !== undefined && 'job',
      job?.scriptUri !== undefined && isActive(task.status) && 'live',
    ),
    spoken: commas(`Task ${name}`, shape.word, state),
    children: taskDetails(run, task).length === 0 ? 'none' : 'collapsed',
  };
}

/** The rows below a task: what went wrong first, then numbers, gates, files and the log. */
export function taskDetails(run: Pick<RunListItem, 'projectUri'>, task: TaskRunView): readonly Detail[] {
  const { registered, note = '' } = task;
  return [
    ...(task.error === undefined ? [] : [{ type: 'error' as const, text: task.error }]),
    ...Object.entries(task.metrics).map(([key, value]) => ({
      type: 'value' as const,
      what: 'metric' as const,
      key,
      value,
    })),
    ...task.checks.map((check) => ({
      type: 'check' as const,
      text: check.text,
      passed: check.passed,
      ...defined({ note: check.detail }),
    })),
    ...task.artifacts.map((artifact) => ({ type: 'artifact' as const, artifact })),
    ...(registered === undefined
      ? []
      : [{ type: 'version' as const, version: { projectUri: run.projectUri, ...registered }, note }]),
    ...(task.logUri === undefined ? [] : [{ type: 'log' as const }]),
  ];
}

/** The rows of a run that don't belong to a task. */
export function paramDetails(run: RunView): readonly Detail[] {
  return Object.entries(run.params).map(([key, value]) => ({ type: 'value', what: 'param', key, value }));
}

const ARTIFACT_ICONS: Readonly<Record<ArtifactView['kind'], string>> = {
  model: 'symbol-class',
  dataset: 'table',
  report: 'graph',
  log: 'output',
  package: 'package',
  file: 'file',
};

/** `rain 3`: what an artifact has become; empty for most. */
export function versionsText({ versions = [] }: Pick<ArtifactView, 'versions'>): string {
  return versions.map(({ model, version }) => `${plain(model, 40)} ${version}`).join(', ');
}

export function detailItem(parent: string, detail: Detail, index: number): ItemText {
  const base = { children: 'none' as const };
  switch (detail.type) {
    case 'error':
      return {
        ...base,
        id: `${parent}/error`,
        label: plain(detail.text, 120),
        icon: 'error',
        color: 'testing.iconFailed',
        tooltip: escapeMarkdown(detail.text),
        context: 'error',
        spoken: `Error: ${plain(detail.text)}`,
      };
    case 'value':
      return {
        ...base,
        id: `${parent}/${detail.what}/${detail.key}`,
        label: plain(detail.key),
        description: shown(detail.value),
        icon: detail.what === 'metric' ? 'symbol-numeric' : 'symbol-parameter',
        tooltip: `${escapeMarkdown(detail.key)}: ${escapeMarkdown(shown(detail.value, 400))}`,
        context: detail.what,
        spoken: `${detail.what === 'metric' ? 'Metric' : 'Param'} ${plain(detail.key)}: ${shown(detail.value)}`,
      };
    case 'check':
      return {
        ...base,
        id: `${parent}/check/${index}`,
        label: plain(detail.text),
        ...(detail.note === undefined ? {} : { description: plain(detail.note) }),
        icon: detail.passed ? 'pass' : 'error',
        color: detail.passed ? 'testing.iconPassed' : 'testing.iconFailed',
        tooltip: `${escapeMarkdown(detail.text)}${detail.note === undefined ? '' : `\n\n${escapeMarkdown(detail.note)}`}`,
        context: 'check',
        spoken: `Check ${detail.passed ? 'passed' : 'failed'}: ${plain(detail.text)}`,
      };
    case 'artifact': {
      const { artifact } = detail;
      const versions = versionsText(artifact);
      return {
        ...base,
        id: `${parent}/artifact/${artifact.path}`,
        label: plain(artifact.name),
        description: dots(
          plain(artifact.path),
          bytes(artifact.bytes),
          artifact.available ? '' : 'overwritten since',
          versions,
        ),
        icon: ARTIFACT_ICONS[artifact.kind],
        tooltip: [
          `**${escapeMarkdown(artifact.name)}** · ${artifact.kind} · ${bytes(artifact.bytes)}`,
          escapeMarkdown(artifact.path),
          artifact.available ? '' : '$(warning) The file has changed since this run and no copy was kept.',
          versions === '' ? '' : `$(symbol-class) ${escapeMarkdown(versions)} is made of it.`,
          `\`${artifact.hash.slice(0, 19).replaceAll('`', '')}\``,
        ]
          .filter((line) => line !== '')
          .join('\n\n'),
        context: itemContext('artifact', !artifact.available && 'gone', versions !== '' && 'version'),
        spoken: commas(
          `${artifact.kind} ${plain(artifact.name)}`,
          plain(artifact.path),
          bytes(artifact.bytes),
          artifact.available ? undefined : 'overwritten since',
          versions === '' ? undefined : `registered as ${versions}`,
        ),
        command: { id: 'modelyard.openArtifact', title: 'Open Artifact' },
      };
    }
    case 'version': {
      const { model, version } = detail.version;
      return {
        ...base,
        id: `${parent}/version`,
        label: `${plain(model, 60)} ${version}`,
        description: plain(detail.note),
        icon: 'symbol-class',
        color: 'symbolIcon.classForeground',
        tooltip: `Version ${escapeMarkdown(version)} of the model ${escapeMarkdown(model)}: ${escapeMarkdown(detail.note)}`,
        context: 'registered',
        spoken: commas(`Model ${plain(model)}, version ${version}`, plain(detail.note)),
        command: { id: 'modelyard.showModelVersion', title: 'Show Model Version' },
      };
    }
    case 'log':
      return {
        ...base,
        id: `${parent}/log`,
        label: 'Log',
        icon: 'output',
        context: 'log',
        spoken: 'Log',
        command: { id: 'modelyard.openLog', title: 'Open Log' },
      };
  }
}

export function paramsItem(parent: string, run: RunView): ItemText {
  const entries = Object.entries(run.params);
  return {
    id: `${parent}/params`,
    label: 'Params',
    description: plain(entries.map(([key, value]) => `${key}=${shown(value, 24)}`).join(', '), 100),
    icon: 'settings',
    context: 'params',
    spoken: plural(entries.length, 'param'),
    children: 'collapsed',
  };
}

/** What has changed since a run began, for a question about it. */
export function changesDetail(files: readonly Pick<FileChange, 'path' | 'words'>[]): string {
  const lines = files.slice(0, 8).map(({ path, words }) => `${plain(path, 80)} (${plain(words, 200)})`);
  const more = files.length > 8 ? [`and ${plural(files.length - 8, 'more file')}`] : [];
  return [
    ...lines,
    ...more,
    '',
    'A run continues with the definition that it began with. A new run uses the files as they are now, and this one is cancelled if it still waits.',
  ].join('\n');
}
