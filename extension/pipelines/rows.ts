/** Texts and icons of the Pipelines tree. */
import { defined } from '../../server/base/defined.js';
import { ago, bytes, plain, plural } from '../../server/base/format.js';
import { isActive, look, shownStatus, stalenessWord } from '../../media/webviews/shared/status.js';
import type {
  DvcDataItem,
  PipelineSummary,
  PipelineTaskSummary,
  ProjectSummary,
  TaskAction,
} from '../../server/protocol/index.js';
import { itemContext } from '../contributions/items.js';
import { commas, dots, escapeMarkdown, type ItemText } from '../parts/item-text.js';

export const KIND_WORDS: Readonly<Record<PipelineSummary['kind'], string>> = {
  'model-build': 'model build',
  'app-build': 'app build',
  deployment: 'deployment',
  dvc: 'DVC pipeline',
};

const KIND_ICONS: Readonly<Record<PipelineSummary['kind'], string>> = {
  'model-build': 'beaker',
  'app-build': 'package',
  deployment: 'rocket',
  dvc: 'layers',
};

const ACTION_ICONS: Readonly<Record<TaskAction, string>> = {
  run: 'terminal',
  notebook: 'notebook',
  check: 'checklist',
  materialize: 'database',
  'training-set': 'table',
  register: 'tag',
  package: 'package',
  approval: 'person',
  deploy: 'rocket',
  service: 'server-process',
  monitor: 'pulse',
  pipeline: 'type-hierarchy-sub',
};

/** The codicon of a task's action. */
export function actionIcon(action: TaskAction | ''): string {
  return action === '' ? 'symbol-event' : ACTION_ICONS[action];
}

/** How much of a pipeline is up to date, in words. */
export function freshness(pipeline: PipelineSummary): string {
  const total = pipeline.tasks.length;
  if (total === 0) return 'no tasks';
  const fresh = pipeline.tasks.filter((task) => task.staleness === 'fresh').length;
  if (fresh === total) return 'up to date';
  const stale = pipeline.tasks.filter(
    (task) => task.staleness === 'stale' || task.staleness === 'never-run',
  ).length;
  const known = pipeline.tasks.every((task) => task.staleness !== 'unknown');
  const none = pipeline.tasks.every((task) => task.staleness !== 'stale');
  if (pipeline.lastRun === undefined && known && fresh === 0 && none) return 'never run';
  if (stale > 0) return `${stale} of ${total} to run`;
  return '';
}

/** @param what is counted below it */
export function projectItem(project: ProjectSummary, count: number, what = 'pipeline'): ItemText {
  const name = plain(project.name);
  return {
    id: `project:${project.uri}`,
    label: name,
    description: plural(count, what),
    icon: 'folder',
    tooltip: [`**${escapeMarkdown(project.name)}**`, escapeMarkdown(project.description ?? '')]
      .filter((line) => line !== '')
      .join('\n\n'),
    context: 'project',
    spoken: commas(`Project ${name}`, plural(count, what)),
    children: 'expanded',
  };
}

function problems(pipeline: PipelineSummary): string {
  return dots(
    pipeline.errors > 0 ? plural(pipeline.errors, 'error') : undefined,
    pipeline.warnings > 0 ? plural(pipeline.warnings, 'warning') : undefined,
  );
}

export function pipelineItem(pipeline: PipelineSummary, now: number): ItemText {
  const last = pipeline.lastRun;
  const active = last !== undefined && isActive(last.status);
  const shape = last === undefined ? undefined : look(last.status);
  const name = plain(pipeline.name);
  // DVC may have run its stages.
  const never = pipeline.kind === 'dvc' ? undefined : 'never run';
  const state = pipeline.errors > 0 ? plural(pipeline.errors, 'error') : freshness(pipeline);
  const lines = [
    `**${escapeMarkdown(pipeline.name)}** · ${KIND_WORDS[pipeline.kind]}`,
    pipeline.description === undefined ? '' : escapeMarkdown(pipeline.description),
    `$(file) ${escapeMarkdown(pipeline.path)}`,
    last === undefined
      ? never === undefined
        ? ''
        : '$(circle-large-outline) Never run'
      : `$(${look(last.status).icon}) Last run ${look(last.status).word}, ${ago(last.createdAt, now)}`,
    freshness(pipeline) === '' ? '' : `$(sync) ${freshness(pipeline)}`,
    problems(pipeline) === '' ? '' : `$(warning) ${problems(pipeline)}`,
    pipeline.params.length === 0
      ? ''
      : `$(settings) ${pipeline.params.map((param) => escapeMarkdown(param.name)).join(', ')}`,
  ];
  return {
    id: `pipeline:${pipeline.uri}`,
    label: name,
    description: state,
    // What waits for people does not move.
    icon: active && last.status !== 'waiting' ? 'sync~spin' : (shape?.icon ?? KIND_ICONS[pipeline.kind]),
    ...defined({ color: shape?.color }),
    tooltip: lines.filter((line) => line !== '').join('\n\n'),
    context: active ? 'pipeline.active' : 'pipeline',
    spoken: commas(
      `Pipeline ${name}`,
      KIND_WORDS[pipeline.kind],
      state,
      last === undefined ? never : `last run ${look(last.status).word} ${ago(last.createdAt, now)}`,
    ),
    children: 'collapsed',
  };
}

/** What a task says about itself beside its name: what is going on, else whether it would run and why. */
export function taskState(task: PipelineTaskSummary): string {
  if (task.lastStatus !== undefined && isActive(task.lastStatus)) return look(task.lastStatus).word;
  const word = stalenessWord(task.staleness);
  const failed =
    task.lastStatus === 'failed' || task.lastStatus === 'cancelled' || task.lastStatus === 'interrupted'
      ? look(task.lastStatus).word
      : undefined;
  const reason = task.staleness === 'stale' ? task.reasons[0] : undefined;
  const more = task.reasons.length > 1 ? ` (+${task.reasons.length - 1})` : '';
  const why = reason === undefined ? undefined : `${plain(reason, 80)}${more}`;
  return dots(failed, why ?? word);
}

function taskLook(task: PipelineTaskSummary): { icon: string; color?: string } {
  const status = shownStatus(task.lastStatus, task.staleness);
  if (status === undefined) return { icon: actionIcon(task.action) };
  const shape = look(status);
  const fine = status === 'succeeded' || status === 'cached';
  if (fine && task.staleness === 'stale') return { icon: 'circle-outline', color: 'testing.iconQueued' };
  const icon = shape.spin ? `${shape.icon}~spin` : fine ? 'pass' : shape.icon;
  return shape.color === undefined ? { icon } : { icon, color: shape.color };
}

export function taskItem(pipeline: PipelineSummary, task: PipelineTaskSummary): ItemText {
  const name = plain(task.name);
  const cells = task.instances === 1 ? undefined : `×${task.instances}`;
  const lines = [
    `**${escapeMarkdown(task.name)}** · $(${actionIcon(task.action)}) ${escapeMarkdown(task.action)}${
      task.instances === 1 ? '' : ` · ${task.instances} matrix cells`
    }`,
    task.description === undefined ? '' : escapeMarkdown(task.description),
    task.lastStatus === undefined
      ? ''
      : `$(${look(task.lastStatus).icon}) Last time: ${look(task.lastStatus).word}`,
    stalenessWord(task.staleness) === '' ? '' : `Now: ${stalenessWord(task.staleness)}`,
    task.reasons.map((reason) => `- ${escapeMarkdown(reason)}`).join('\n'),
    task.needs.length === 0
      ? ''
      : `Needs ${task.needs.map((need) => `**${escapeMarkdown(need)}**`).join(', ')}`,
    task.manual ? '$(person) Waits for a person' : '',
  ];
  return {
    id: `task:${pipeline.uri}#${task.name}`,
    label: name,
    description: dots(cells, taskState(task)),
    ...taskLook(task),
    tooltip: lines.filter((line) => line !== '').join('\n\n'),
    context: task.action === 'run' ? 'task.command' : 'task',
    spoken: commas(
      `Task ${name}`,
      task.action,
      task.instances === 1 ? undefined : `${task.instances} cells`,
      task.lastStatus === undefined ? undefined : `last time ${look(task.lastStatus).word}`,
      taskState(task),
    ),
    children: 'none',
    command: { id: 'modelyard.revealDefinition', title: 'Go to Definition' },
  };
}

/** Of a project that has stages of DVC. */
export function dvcGroupItem(project: ProjectSummary): ItemText {
  return {
    id: `dvc:${project.uri}`,
    label: 'Data',
    description: 'DVC',
    icon: 'database',
    tooltip: 'What DVC keeps: outputs of stages, and what `.dvc` files track.',
    context: 'dvcGroup',
    spoken: 'Data of DVC',
    children: 'collapsed',
  };
}

const STATES: Readonly<
  Record<
    DvcDataItem['state'],
    { readonly word?: string; readonly icon?: string; readonly color?: string; readonly says: string }
  >
> = {
  same: { says: 'As DVC has it.' },
  unread: { says: 'Too large to be compared for this view: `modelyard dvc status` does it.' },
  changed: {
    word: 'changed',
    icon: 'diff-modified',
    color: 'list.warningForeground',
    says: 'Another than DVC has.',
  },
  cached: {
    word: 'not checked out',
    icon: 'circle-outline',
    color: 'testing.iconQueued',
    says: 'Not here; DVC’s cache has it.',
  },
  missing: {
    word: 'missing',
    icon: 'cloud-download',
    color: 'list.warningForeground',
    says: 'Neither here nor in DVC’s cache. A remote may have it.',
  },
};

export function dvcDataItem(item: DvcDataItem): ItemText {
  const { path, owner, state } = item;
  const { word, icon, color, says } = STATES[state];
  const files = item.files === undefined ? undefined : plural(item.files, 'file');
  const size = item.bytes === undefined ? undefined : bytes(item.bytes);
  const here = state === 'same' || state === 'changed' || state === 'unread';
  return {
    id: `dvc:${item.projectUri}#${path}`,
    label: plain(path),
    description: dots(word, size, files),
    icon: icon ?? (item.files === undefined ? 'file' : 'folder'),
    ...defined({ color }),
    tooltip: [
      `**${escapeMarkdown(path)}**`,
      owner.endsWith('.dvc') ? `Tracked by ${escapeMarkdown(owner)}` : `Made by **${escapeMarkdown(owner)}**`,
      says,
    ].join('\n\n'),
    context: itemContext(
      'dvcData',
      state === 'missing' && 'missing',
      state === 'cached' && 'cached',
      here && item.files === undefined && 'file',
    ),
    spoken: commas(path, word, size, files),
    children: 'none',
  };
}

export function dvcProblemItem(project: ProjectSummary, problem: string): ItemText {
  return {
    id: `dvc:${project.uri}#`,
    label: plain(problem, 200),
    icon: 'warning',
    tooltip: escapeMarkdown(problem),
    context: 'dvcProblem',
    spoken: plain(problem, 200),
    children: 'none',
  };
}
