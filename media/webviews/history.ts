/** Who changed what of a model, when and why. */
import type { ModelHistoryEntry } from '../../server/protocol/index.js';
import { button, checkbox, h, icon, link } from './parts/dom.js';
import { connect } from './parts/host.js';
import { replace } from './parts/patch.js';
import { ago, localDateTime, plain, plural } from '../../server/base/format.js';
import type { FromHistory, ToHistory } from './shared/messages/model.js';

const ICONS: Readonly<Record<string, string>> = {
  'model-created': 'symbol-class',
  'version-created': 'git-commit',
  'version-status': 'sync',
  'alias-set': 'bookmark',
  'alias-removed': 'bookmark',
  'alias-rolled-back': 'discard',
  'tag-set': 'tag',
  'tag-removed': 'tag',
  'metrics-set': 'graph',
  described: 'edit',
  'version-deleted': 'trash',
  'version-restored': 'history',
  'version-purged': 'trash',
  'model-deleted': 'trash',
  'model-restored': 'history',
  imported: 'cloud-download',
};

const root = document.getElementById('root') ?? document.body;
let last: ToHistory | undefined;
/** Only moves of aliases. */
let onlyAliases = false;

const isMove = ({ action }: ModelHistoryEntry): boolean =>
  action.startsWith('alias-') || action === 'version-created';

function row(entry: ModelHistoryEntry, now: number): HTMLElement {
  const { runId, version } = entry;
  return h(
    'tr',
    {},
    h('td', { class: 'when', title: localDateTime(entry.at) }, ago(entry.at, now)),
    h(
      'th',
      { scope: 'row' },
      icon(ICONS[entry.action] ?? 'circle-outline'),
      h(
        'span',
        {},
        plain(entry.text, 300),
        entry.reason === undefined
          ? undefined
          : h('span', { class: 'reason' }, `“${plain(entry.reason, 600)}”`),
      ),
    ),
    h('td', { class: 'dim' }, plain(entry.who, 60)),
    h(
      'td',
      { class: 'links' },
      version === undefined
        ? undefined
        : link('Version', `Show version ${version}`, `version:${entry.seq}`, () =>
            host.send({ type: 'openVersion', version }),
          ),
      runId === undefined
        ? undefined
        : link('Run', `Show run ${plain(runId)}`, `run:${entry.seq}`, () =>
            host.send({ type: 'openRun', id: runId }),
          ),
    ),
  );
}

function draw(message: ToHistory): void {
  const of = message.version === undefined ? '' : `, version ${message.version}`;
  const title = h('h1', {}, `History of ${plain(message.model, 60)}${of}`);
  if (message.type === 'missing') {
    replace(root, title, h('p', { class: 'error' }, icon('warning'), plain(message.message, 600)));
    return;
  }
  const box = checkbox('moves', 'Only versions and aliases', onlyAliases, (checked) => {
    onlyAliases = checked;
    host.remember('onlyAliases', checked);
    if (last) draw(last);
  });
  const entries = message.entries.filter((entry) => !onlyAliases || isMove(entry));
  const now = Date.now();
  replace(
    root,
    h(
      'div',
      { class: 'bar' },
      title,
      h(
        'span',
        { class: 'grow dim' },
        plural(message.entries.length, 'change') + (message.more ? ' so far' : ''),
      ),
      box,
    ),
    h(
      'section',
      { class: 'card' },
      entries.length === 0
        ? h('p', { class: 'dim' }, 'Nothing of that kind has happened.')
        : h(
            'table',
            { class: 'history' },
            h(
              'thead',
              {},
              h(
                'tr',
                {},
                ...['When', 'What and why', 'Who'].map((name) =>
                  h('th', { scope: 'col', class: 'dim' }, name),
                ),
                h('td', {}),
              ),
            ),
            h('tbody', {}, ...entries.map((entry) => row(entry, now))),
          ),
      message.more ? button('ellipsis', 'Older changes', () => host.send({ type: 'more' })) : undefined,
    ),
  );
}

const host = connect<ToHistory, FromHistory>((message) => {
  onlyAliases = host.recall('onlyAliases') === true;
  last = message;
  draw(message);
});
