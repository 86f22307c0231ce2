/** What went into a run and what came out, in tables. */
import type { RunView, TaskRunView } from '../../../server/protocol/index.js';
import { bytes, plain, shown } from '../../../server/base/format.js';
import { isActive } from '../shared/status.js';
import { h, icon } from './dom.js';
import { on } from './patch.js';

function card(
  title: string,
  codicon: string,
  content: readonly Node[],
  empty: string,
  wide = false,
): HTMLElement {
  return h(
    'section',
    { class: wide ? 'card wide' : 'card' },
    h('h2', {}, icon(codicon), title),
    ...(content.length === 0 ? [h('p', { class: 'dim' }, empty)] : content),
  );
}

function rows(entries: readonly (readonly [string, unknown])[]): HTMLElement {
  return h(
    'table',
    {},
    h(
      'tbody',
      {},
      ...entries.map(([key, value]) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, plain(key, 80)),
          h('td', { class: 'value' }, shown(value, 120)),
        ),
      ),
    ),
  );
}

/** Cells of a matrix against their metrics: that is what a matrix is for. */
function pivot(tasks: readonly TaskRunView[]): HTMLElement {
  const keys = [...new Set(tasks.flatMap((task) => Object.keys(task.metrics)))];
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('td', {}),
          ...keys.map((key) => h('th', { scope: 'col', class: 'value' }, plain(key, 60))),
        ),
      ),
      h(
        'tbody',
        {},
        ...tasks.map((task) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, plain(task.id.slice(task.id.indexOf('@') + 1), 60)),
            ...keys.map((key) => h('td', { class: 'value' }, shown(task.metrics[key], 40))),
          ),
        ),
      ),
    ),
  );
}

function metrics(view: RunView): { readonly content: readonly Node[]; readonly wide: boolean } {
  const byTask = new Map<string, TaskRunView[]>();
  for (const task of view.tasks) {
    if (Object.keys(task.metrics).length === 0) continue;
    const group = byTask.get(task.task);
    if (group) group.push(task);
    else byTask.set(task.task, [task]);
  }
  const content = [...byTask].flatMap(([name, tasks]) => [
    h('h3', {}, plain(name, 60)),
    tasks.length > 1 ? pivot(tasks) : rows(Object.entries(tasks[0]?.metrics ?? {})),
  ]);
  return { content, wide: [...byTask.values()].some((tasks) => tasks.length > 1) };
}

export interface RunTablesHost {
  /** An artifact was clicked. */
  openArtifact(task: string, path: string): void;
  /** A model version that was made of one. */
  openVersion(model: string, version: string): void;
}

export function runTables(view: RunView, host: RunTablesHost): readonly HTMLElement[] {
  const artifacts = view.tasks.flatMap((task) =>
    task.artifacts.map((artifact) => {
      const link = h(
        'button',
        {
          type: 'button',
          class: 'link',
          'data-key': `artifact:${task.id}:${artifact.path}`,
          title: artifact.available ? `Open ${plain(artifact.path)}` : 'Changed since, and no copy was kept',
        },
        plain(artifact.path, 120),
      );
      link.disabled = !artifact.available;
      on(link, 'click', () => host.openArtifact(task.id, artifact.path));
      const versions = (artifact.versions ?? []).map(({ model, version }) => {
        const name = `${plain(model, 40)} ${version}`;
        const badge = h(
          'button',
          {
            type: 'button',
            class: 'badge',
            title: `It became version ${version} of ${plain(model, 40)}: show it`,
            'data-key': `version:${task.id}:${model}@${version}`,
          },
          name,
        );
        on(badge, 'click', () => host.openVersion(model, version));
        return badge;
      });
      return h(
        'tr',
        {},
        h('td', { class: 'dim' }, artifact.kind),
        h('th', { scope: 'row' }, link, ...versions.flatMap((badge) => [' ', badge])),
        h('td', { class: 'value dim' }, artifact.available ? bytes(artifact.bytes) : 'overwritten since'),
      );
    }),
  );
  const live = isActive(view.status);
  const measured = metrics(view);
  const params = Object.entries(view.params);
  return [
    card(
      'Metrics',
      'symbol-numeric',
      measured.content,
      live ? 'None yet.' : 'No task wrote metrics: name a JSON file in “metrics” of a task.',
      measured.wide,
    ),
    card('Params', 'settings', params.length === 0 ? [] : [rows(params)], 'This pipeline has no params.'),
    card(
      'Artifacts',
      'archive',
      artifacts.length === 0 ? [] : [h('table', {}, h('tbody', {}, ...artifacts))],
      live ? 'None yet.' : 'No task put out files: name them in “outputs”.',
    ),
  ];
}
