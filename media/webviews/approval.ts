/** A question of a run: what is asked, the numbers, the files, who has answered; and the two answers. */
import type { ApprovalView } from '../../server/protocol/index.js';
import { button, h, icon, link } from './parts/dom.js';
import { connect } from './parts/host.js';
import { replace } from './parts/patch.js';
import { harmless } from './parts/markdown.js';
import type { FromApproval, ToApproval } from './shared/messages/approval.js';
import { ago, bytes, localDateTime, plain, shown } from '../../server/base/format.js';

type Shown = Extract<ToApproval, { type: 'approval' }>;

const root = document.getElementById('root') ?? document.body;

function head({ approval, refusal, outcome }: Shown): HTMLElement {
  const { pipeline, task } = approval;
  const open = refusal === undefined && outcome === undefined;
  return h(
    'div',
    { class: 'bar' },
    h('h1', { class: 'grow' }, icon('bell'), `${plain(pipeline, 60)} › ${plain(task, 60)}`),
    open ? button('check', 'Approve…', () => host.send({ type: 'approve' }), { primary: true }) : undefined,
    open ? button('close', 'Reject…', () => host.send({ type: 'reject' })) : undefined,
    button('pulse', 'Run', () => host.send({ type: 'openRun' })),
    button('go-to-file', 'Definition', () => host.send({ type: 'openDefinition' })),
  );
}

/** Who, since when, until when. */
function terms({ who, count, missing, askedAt, expiresAt, environment }: ApprovalView): HTMLElement {
  const people = who.length === 0 ? 'anybody' : who.map((name) => plain(name, 40)).join(', ');
  const facts: readonly (readonly [string, string, string?])[] = [
    ['May answer', people],
    ['Approvals', count === 1 ? 'one is enough' : `${count - missing} of ${count}`],
    ['Asked', ago(askedAt, Date.now()), localDateTime(askedAt)],
    ...(expiresAt === undefined ? [] : [['Open until', localDateTime(expiresAt)] as const]),
    ...(environment === undefined ? [] : [['Demanded by', plain(environment, 60)] as const]),
  ];
  return h(
    'dl',
    { class: 'terms' },
    ...facts.map(([name, value, title]) =>
      h('div', {}, h('dt', { class: 'dim' }, name), h('dd', { title }, value)),
    ),
  );
}

function note(message: Shown): HTMLElement | undefined {
  const { outcome, refusal } = message;
  if (outcome !== undefined)
    return h('p', { class: 'note', role: 'status' }, icon('info'), plain(outcome, 600));
  if (refusal !== undefined) return h('p', { class: 'note' }, icon('circle-slash'), plain(refusal, 600));
  return undefined;
}

/** What is different since it was asked before. */
function changed({ changed: all = [] }: ApprovalView): HTMLElement | undefined {
  if (all.length === 0) return undefined;
  return h(
    'div',
    { class: 'note' },
    icon('history'),
    h(
      'div',
      {},
      'Asked again. Since it was asked before:',
      h('ul', {}, ...all.map((one) => h('li', {}, plain(one, 300)))),
    ),
  );
}

function card(title: string, ...children: readonly (Node | undefined)[]): HTMLElement {
  return h('section', { class: 'card' }, h('h2', {}, title), ...children);
}

function table(columns: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
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
          ...columns.map((name, index) =>
            h('th', { scope: 'col', class: index === 0 ? 'dim' : 'dim value' }, name),
          ),
        ),
      ),
      h('tbody', {}, ...rows),
    ),
  );
}

const value = (one: unknown): string => (one === undefined ? '–' : shown(one, 60));

function comparison({ comparison: compared }: ApprovalView): HTMLElement | undefined {
  if (compared === undefined) return undefined;
  const { candidate, current, rows } = compared;
  const title = plain(candidate, 60);
  if (current === undefined) {
    return card(
      title,
      h('p', { class: 'dim' }, 'There is no version in its place yet to compare it with.'),
      table(
        ['Metric', title],
        rows.map((row) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, plain(row.metric)),
            h('td', { class: 'value' }, value(row.candidate)),
          ),
        ),
      ),
    );
  }
  return card(
    `${title} instead of ${plain(current, 60)}`,
    table(
      ['Metric', plain(current, 60), title, 'Verdict'],
      rows.map((row) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, plain(row.metric)),
          h('td', { class: 'value' }, value(row.current)),
          h('td', { class: 'value' }, value(row.candidate)),
          h('td', { class: `verdict ${row.verdict ?? ''}` }, row.verdict),
        ),
      ),
    ),
  );
}

function metrics({ metrics: all }: ApprovalView): HTMLElement | undefined {
  if (all.length === 0) return undefined;
  return card(
    'Metrics',
    table(
      ['Metric', 'Value'],
      all.map(({ name, value: one }) =>
        h('tr', {}, h('th', { scope: 'row' }, plain(name)), h('td', { class: 'value' }, value(one))),
      ),
    ),
  );
}

function artifacts({ artifacts: all }: ApprovalView): HTMLElement | undefined {
  if (all.length === 0) return undefined;
  return card(
    'To look at',
    table(
      ['Artifact', 'Size'],
      all.map((artifact) =>
        h(
          'tr',
          {},
          h(
            'th',
            { scope: 'row' },
            link(plain(artifact.path), `Open ${plain(artifact.path)}`, `artifact:${artifact.path}`, () =>
              host.send({ type: 'openArtifact', path: artifact.path }),
            ),
            artifact.available ? undefined : h('span', { class: 'dim' }, ' overwritten since'),
          ),
          h('td', { class: 'value' }, bytes(artifact.bytes)),
        ),
      ),
    ),
  );
}

function answers({ answers: all, missing }: ApprovalView): HTMLElement | undefined {
  if (all.length === 0) return undefined;
  const now = Date.now();
  return card(
    missing === 0 ? 'Answers' : `Answers (${missing} more to come)`,
    ...all.map(({ verdict, by, at, comment }) =>
      h(
        'p',
        {},
        icon(verdict === 'approved' ? 'check' : 'close'),
        ` ${plain(by, 40)} ${verdict} `,
        h('span', { class: 'dim', title: localDateTime(at) }, ago(at, now)),
        comment === undefined ? undefined : h('span', { class: 'reason' }, `“${plain(comment, 1000)}”`),
      ),
    ),
  );
}

function draw(message: ToApproval): void {
  if (message.type === 'missing') {
    replace(
      root,
      h(
        'div',
        { class: 'bar' },
        h('h1', { class: 'grow' }, icon('bell'), plain(message.task, 60)),
        button('pulse', 'Run', () => host.send({ type: 'openRun' })),
      ),
      h('p', { class: 'note' }, icon('info'), plain(message.message, 600)),
    );
    return;
  }
  const { approval, html } = message;
  const prompt = h('section', { class: 'card prompt' });
  if (html === undefined) prompt.append(h('pre', {}, approval.prompt));
  else prompt.append(harmless(html));
  replace(
    root,
    head(message),
    note(message),
    changed(approval),
    prompt,
    terms(approval),
    comparison(approval),
    metrics(approval),
    artifacts(approval),
    answers(approval),
  );
}

const host = connect<ToApproval, FromApproval>(draw);
