/** Two model versions side by side, and the question whether an alias should move. */
import type { ComparisonRowView, ComparisonView, VersionItem } from '../../server/protocol/index.js';
import { button, checkbox, h, icon } from './parts/dom.js';
import { connect } from './parts/host.js';
import { on, replace } from './parts/patch.js';
import { localDateTime, number, plain, shown } from '../../server/base/format.js';
import { isTurned, turned, verdictSentence } from './shared/version-comparison.js';
import type { FromVersions, Proposal, ToVersions } from './shared/messages/model.js';

type Comparison = Extract<ToVersions, { type: 'comparison' }>;

const SECTIONS = [
  ['metrics', 'Metrics', 'graph-line'],
  ['params', 'Params', 'settings'],
  ['signature', 'Signature', 'symbol-interface'],
  ['lineage', 'Lineage', 'git-branch'],
  ['artifact', 'Artifact', 'archive'],
] as const;

const root = document.getElementById('root') ?? document.body;
let onlyDifferent = false;
/** Whether somebody wanted the columns the other way round than they come. */
let swapped = false;
let last: Comparison | undefined;
/** While the panel works on the answer. */
let asked = false;
let reason = '';

function head(version: VersionItem, role: string): HTMLElement {
  const open = h(
    'button',
    {
      type: 'button',
      class: 'link',
      'data-key': `version:${version.model}@${version.version}`,
      title: 'Show it in the Models view',
    },
    `${plain(version.model, 40)} ${version.version}`,
  );
  const { model, version: number } = version;
  on(open, 'click', () => host.send({ type: 'openVersion', model, version: number }));
  return h(
    'th',
    { scope: 'col' },
    h(
      'div',
      { class: 'who' },
      open,
      ...version.aliases.map((alias) => h('span', { class: 'badge' }, plain(alias, 32))),
    ),
    h(
      'div',
      { class: 'dim' },
      [role, localDateTime(version.createdAt)].filter((part) => part !== '').join(' · '),
    ),
  );
}

function cell(row: ComparisonRowView, value: unknown): HTMLElement {
  if (value === undefined) return h('td', { class: 'value dim' }, '–');
  const text = plain(typeof value === 'string' ? value : shown(value, 200), 200);
  if (row.section === 'lineage' && row.key === 'run' && typeof value === 'string') {
    const open = h('button', { type: 'button', class: 'link', title: 'Show the run' }, text);
    on(open, 'click', () => host.send({ type: 'openRun', id: value }));
    return h('td', { class: 'value' }, open);
  }
  const hash = /^sha256:([0-9a-f]{64})$/.exec(text)?.[1];
  return h('td', { class: 'value', title: text }, hash === undefined ? text : hash.slice(0, 12));
}

function change(row: ComparisonRowView): HTMLElement {
  const { delta, verdict } = row;
  if (delta === undefined || delta === 0) return h('td', { class: 'change' });
  const sign = delta > 0 ? '+' : '−';
  return h(
    'td',
    { class: `change ${verdict ?? ''}`.trim() },
    `${sign}${number(Math.abs(delta))}`,
    verdict === undefined ? undefined : h('span', { class: 'word' }, ` ${verdict}`),
  );
}

function tableOf(comparison: ComparisonView, proposal: Proposal | undefined): HTMLElement {
  const { rows } = comparison;
  const [from, to] =
    proposal === undefined ? ['baseline', ''] : [`${plain(proposal.alias, 32)} now`, 'would be'];
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      { class: 'compare' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('td', {}),
          head(comparison.a, from),
          head(comparison.b, to),
          h('th', { scope: 'col', class: 'change' }, 'change'),
        ),
      ),
      ...SECTIONS.flatMap(([section, title, codicon]) => {
        const own = rows.filter((row) => row.section === section);
        const visible = own.filter((row) => row.differs || !onlyDifferent);
        // Of signature, lineage and artifact the server gives only what differs: nothing there is worth no heading.
        if (own.length === 0) return [];
        return [
          h(
            'tbody',
            {},
            h('tr', { class: 'section' }, h('th', { colspan: 4, scope: 'rowgroup' }, icon(codicon), title)),
            ...visible.map((row) =>
              h(
                'tr',
                row.differs ? { class: 'differs' } : {},
                h(
                  'th',
                  { scope: 'row' },
                  plain(row.key, 80),
                  row.differs ? h('span', { class: 'said' }, ' (differs)') : undefined,
                ),
                cell(row, row.a),
                cell(row, row.b),
                change(row),
              ),
            ),
            visible.length === 0
              ? h('tr', {}, h('td', { colspan: 4, class: 'dim' }, 'All the same.'))
              : undefined,
          ),
        ];
      }),
    ),
  );
}

function sentence({ a, b, rows }: ComparisonView): string {
  const name = (version: VersionItem): string =>
    a.model === b.model ? version.version : `${plain(version.model, 40)} ${version.version}`;
  return verdictSentence(rows, [name(a), name(b)]);
}

function question(proposal: Proposal, { comparison, canChange }: Comparison): HTMLElement {
  const rolls = proposal.action === 'roll-back';
  const title = rolls
    ? `Roll ${plain(proposal.alias, 40)} back from version ${proposal.from} to ${proposal.to}?`
    : `Move ${plain(proposal.alias, 40)} from version ${proposal.from} to ${proposal.to}?`;
  const held = comparison.a.aliases.includes(proposal.alias);
  const box = h('input', {
    type: 'text',
    id: 'reason',
    'data-key': 'reason',
    maxlength: 1000,
    placeholder: 'Why? It is kept in the history (optional)',
    value: reason,
  });
  box.disabled = asked || !held || !canChange;
  on(box, 'input', (_, live) => {
    reason = live.value;
    host.remember('reason', reason);
  });
  const confirm = (): void => {
    if (asked || !held || !canChange) return;
    asked = true;
    host.send({ type: 'confirm', reason });
    if (last) draw(last);
  };
  on(box, 'keydown', (event) => {
    if (event.key === 'Enter') confirm();
    if (event.key === 'Escape') host.send({ type: 'cancel' });
  });
  const act = button(rolls ? 'discard' : 'arrow-swap', rolls ? 'Roll Back' : 'Move', confirm, {
    primary: true,
  });
  act.disabled = box.disabled;
  act.dataset['key'] = 'confirm';
  const cancel = button('close', 'Cancel', () => host.send({ type: 'cancel' }));
  cancel.dataset['key'] = 'cancel';
  return h(
    'section',
    { class: 'card question', 'aria-label': title },
    h('h2', {}, icon('bookmark'), title),
    h(
      'p',
      { class: 'dim' },
      !canChange
        ? 'Changing models is off in Restricted Mode.'
        : held
          ? `${sentence(comparison)} Whoever asks for ${plain(proposal.alias, 40)} gets version ${proposal.to} from then on.`
          : `${plain(proposal.alias, 40)} is not version ${proposal.from} any more: somebody has moved it.`,
    ),
    h('div', { class: 'bar' }, h('label', { class: 'said', for: 'reason' }, 'Reason'), box, act, cancel),
  );
}

function draw(message: Comparison): void {
  const { proposal } = message;
  // What is proposed says itself what it is held against.
  const turn = proposal === undefined && isTurned(message.comparison.a, message.comparison.b) !== swapped;
  const comparison = turn ? turned(message.comparison) : message.comparison;
  const swap = button('arrow-swap', 'Swap', () => {
    swapped = !swapped;
    host.remember('swapped', swapped);
    if (last) draw(last);
  });
  swap.dataset['key'] = 'swap';
  const box = checkbox('different', 'Only what differs', onlyDifferent, (checked) => {
    onlyDifferent = checked;
    host.remember('onlyDifferent', checked);
    if (last) draw(last);
  });
  const { a, b } = comparison;
  const title =
    a.model === b.model
      ? `${plain(a.model, 60)}: versions ${a.version} and ${b.version}`
      : `${plain(a.model, 40)} ${a.version} and ${plain(b.model, 40)} ${b.version}`;
  const different = comparison.rows.some((row) => row.differs);
  replace(
    root,
    h(
      'div',
      { class: 'bar' },
      h('h1', {}, title),
      h(
        'span',
        { class: 'grow dim' },
        different ? sentence(comparison) : 'They are the same in everything that is known.',
      ),
      proposal === undefined ? swap : undefined,
      box,
    ),
    proposal === undefined ? undefined : question(proposal, message),
    h('section', { class: 'card' }, tableOf(comparison, proposal)),
  );
}

const host = connect<ToVersions, FromVersions>((message) => {
  switch (message.type) {
    case 'missing':
      replace(root, h('p', { class: 'error' }, icon('warning'), plain(message.message, 600)));
      return;
    case 'refused':
      asked = false;
      if (last) draw(last);
      return;
    case 'comparison': {
      const first = last === undefined;
      onlyDifferent = host.recall('onlyDifferent') === true;
      swapped = host.recall('swapped') === true;
      const kept = host.recall('reason');
      if (first && typeof kept === 'string') reason = kept;
      last = message;
      draw(message);
      if (first && message.proposal !== undefined) document.getElementById('reason')?.focus();
    }
  }
});
