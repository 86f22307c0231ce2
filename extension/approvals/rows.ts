/** Texts and icons of what waits for people. */
import { itemContext } from '../contributions/items.js';
import { ago, duration, elapsed, localDateTime, plain, plural, shown } from '../../server/base/format.js';
import type { ApprovalView, ArtifactView } from '../../server/protocol/index.js';
import { commas, dots, escapeMarkdown, type ItemText, unlinked } from '../parts/item-text.js';
import { detailItem } from '../runs/rows.js';

/** Which question of which run. */
export interface ApprovalRef {
  readonly projectUri: string;
  readonly run: string;
  /** The id of the task in the run. */
  readonly task: string;
}

export function sameApproval(one: ApprovalRef, other: ApprovalRef): boolean {
  return one.projectUri === other.projectUri && one.run === other.run && one.task === other.task;
}

export function approvalKey({ projectUri, run, task }: ApprovalRef): string {
  return `approval:${projectUri}#${run}/${task}`;
}

/** A question that is asked anew, with other facts, is another one. */
export function questionOf(approval: ApprovalView): string {
  return `${approvalKey(approval)} ${approval.askedAt}`;
}

/** `rain-deploy › ask` */
export function approvalName({ pipeline, task }: Pick<ApprovalView, 'pipeline' | 'task'>): string {
  return `${plain(pipeline, 60)} › ${plain(task, 60)}`;
}

function answered({ answers, user }: ApprovalView): boolean {
  return answers.some(({ by }) => by === user);
}

/** Who it waits for: `you`, `ada or grace`, or `somebody else` when this user has answered. */
export function whom(approval: ApprovalView): string {
  if (approval.mayAnswer) return 'you';
  const { answers } = approval;
  const left = approval.who.filter((name) => !answers.some(({ by }) => by === name));
  return left.length === 0 ? 'somebody else' : left.map((name) => plain(name, 40)).join(' or ');
}

/** Why this user can't answer it; `undefined`: they may. */
export function whyNot(approval: ApprovalView): string | undefined {
  if (approval.mayAnswer) return undefined;
  if (approval.expired === true) return 'Nobody answered in time. Resume the run to let that count.';
  if (answered(approval)) {
    const { missing } = approval;
    return `You have answered; ${plural(missing, 'more answer')} ${missing === 1 ? 'is' : 'are'} missing.`;
  }
  const { task, user, who } = approval;
  return `${plain(user, 40)} may not answer ${plain(task, 60)}: ${who.map((name) => plain(name, 40)).join(', ')} may.`;
}

function waits(approval: ApprovalView, now: number): string {
  const time = elapsed(approval.askedAt, undefined, now) ?? 0;
  return time < 60_000 ? 'just now' : duration(Math.floor(time / 60_000) * 60_000);
}

/** `expires in 2 h`; nothing when it waits for ever. */
export function expiry({ expiresAt }: Pick<ApprovalView, 'expiresAt'>, now: number): string | undefined {
  if (expiresAt === undefined) return undefined;
  const left = Date.parse(expiresAt) - now;
  if (Number.isNaN(left)) return undefined;
  return left < 60_000
    ? 'expires within a minute'
    : `expires in ${duration(Math.ceil(left / 60_000) * 60_000)}`;
}

/** `1 of 2 approvals`; nothing where one is enough. */
function progressOf({ count, missing }: ApprovalView): string | undefined {
  return count === 1 ? undefined : `${count - missing} of ${count} approvals`;
}

/** The first line of a Markdown text, without its marks. */
export function promptLine(prompt: string, limit = 120): string {
  const line = prompt.split('\n').find((one) => /[\p{L}\p{N}]/u.test(one)) ?? '';
  const words = line
    .replace(/^[\s>#*+-]+/, '')
    .replaceAll(/!?\[([^\][]{0,500})\]\([^()]{0,2000}\)/g, '$1')
    .replaceAll(/[*`~]{1,3}(?=\S)|(?<=\S)[*`~]{1,3}/g, '')
    // Inside a word an underscore is one.
    .replaceAll(/(?<![\p{L}\p{N}])_{1,3}(?=\S)|(?<=\S)_{1,3}(?![\p{L}\p{N}])/gu, '');
  return plain(words, limit);
}

/** What there is to decide by, in a line: what replaces what, the numbers that are different, how many files. */
export function factsLine({ comparison, metrics, artifacts, environment }: ApprovalView): string {
  const numbers =
    comparison === undefined
      ? metrics.map(({ name, value }) => `${plain(name, 40)} ${shown(value, 24)}`)
      : comparison.rows.filter(differs).map((row) => `${plain(row.metric, 40)} ${rowValue(row)}`);
  return dots(
    environment === undefined ? '' : `to ${plain(environment, 40)}`,
    comparison === undefined
      ? ''
      : comparison.current === undefined
        ? `${plain(comparison.candidate, 60)} is the first`
        : `${plain(comparison.candidate, 60)} instead of ${plain(comparison.current, 60)}`,
    ...numbers.slice(0, 3),
    artifacts.length === 0 ? '' : plural(artifacts.length, 'artifact'),
  );
}

type ComparisonRow = NonNullable<ApprovalView['comparison']>['rows'][number];

function differs({ current, candidate }: ComparisonRow): boolean {
  return JSON.stringify(current) !== JSON.stringify(candidate);
}

/** `0.7 → 0.81 (better)`, or one value where both have it. */
function rowValue(row: ComparisonRow): string {
  const value = (one: unknown): string => (one === undefined ? '–' : shown(one, 60));
  const verdict = row.verdict === undefined ? '' : ` (${row.verdict})`;
  if (!differs(row)) return `${value(row.candidate)} as before`;
  return row.current === undefined
    ? value(row.candidate)
    : `${value(row.current)} → ${value(row.candidate)}${verdict}`;
}

/** What is different since it was asked before, in a line; nothing when it was not. */
export function changedLine({ changed = [] }: Pick<ApprovalView, 'changed'>): string | undefined {
  return changed.length === 0 ? undefined : `Asked again: ${changed.map((one) => plain(one, 80)).join(', ')}`;
}

/** What a notification says of one. */
export function noticeText(approval: ApprovalView): string {
  const facts = dots(factsLine(approval), changedLine(approval)?.replace('Asked', 'asked'));
  return unlinked(
    `${approvalName(approval)} waits for you: ${promptLine(approval.prompt)}${facts === '' ? '' : ` (${facts})`}`,
    400,
  );
}

/** What a notification says of several. */
export function summaryText(approvals: readonly ApprovalView[]): string {
  const names = approvals.slice(0, 3).map(approvalName).join(', ');
  const more = approvals.length > 3 ? ` and ${approvals.length - 3} more` : '';
  return unlinked(`${plural(approvals.length, 'approval')} wait for you: ${names}${more}.`, 400);
}

/** What the box for the comment says of it. */
export function commentPrompt(approval: ApprovalView): string {
  const facts = factsLine(approval);
  return `${promptLine(approval.prompt)}${facts === '' ? '' : ` (${facts})`}`;
}

export function approvalItem(approval: ApprovalView, now: number): ItemText {
  const { mayAnswer, attended, askedAt, run, expired = false } = approval;
  const name = approvalName(approval);
  const for_ = expired ? 'time is up' : `for ${whom(approval)}`;
  const since = expired ? undefined : waits(approval, now);
  const changed = changedLine(approval);
  const more = [progressOf(approval), expired ? undefined : expiry(approval, now)];
  const facts = factsLine(approval);
  const refusal = whyNot(approval);
  return {
    id: approvalKey(approval),
    label: name,
    description: dots(for_, since, changed === undefined ? undefined : 'asked again', ...more),
    icon: expired ? 'bell-slash' : mayAnswer ? 'bell-dot' : 'bell',
    ...(mayAnswer ? { color: 'list.warningForeground' } : {}),
    tooltip: [
      `**${escapeMarkdown(name)}** · $(bell) waits for an approval`,
      escapeMarkdown(promptLine(approval.prompt, 400)),
      facts === '' ? '' : escapeMarkdown(facts),
      changed === undefined ? '' : `$(history) ${escapeMarkdown(changed)}`,
      `$(calendar) asked ${escapeMarkdown(localDateTime(askedAt))}`,
      refusal === undefined ? '' : `$(circle-slash) ${escapeMarkdown(refusal)}`,
      attended
        ? 'Its runner waits and continues by itself.'
        : expired
          ? ''
          : 'Nobody runs it: it is resumed when it is answered.',
      `\`${plain(run).replaceAll('`', '')}\``,
    ]
      .filter((line) => line !== '')
      .join('\n\n'),
    context: expired ? 'approval.expired' : mayAnswer ? 'approval' : 'approval.others',
    spoken: commas(
      `Approval ${name}`,
      expired ? for_ : `waits ${for_}`,
      since,
      changed === undefined ? undefined : 'asked again',
      ...more,
    ),
    children: 'collapsed',
  };
}

/** What a question shows below itself. */
export type ApprovalDetail =
  | { readonly type: 'prompt' }
  | { readonly type: 'changed'; readonly what: string; readonly index: number }
  | { readonly type: 'environment'; readonly environment: string }
  | { readonly type: 'artifact'; readonly artifact: ArtifactView }
  | { readonly type: 'metric'; readonly name: string; readonly value: unknown }
  | { readonly type: 'comparison' }
  | { readonly type: 'row'; readonly row: ComparisonRow }
  | { readonly type: 'answer'; readonly answer: ApprovalView['answers'][number]; readonly index: number };

/** In the order in which somebody decides: what is asked, what is new in it, by which numbers, about which files, who has answered. */
export function approvalDetails(approval: ApprovalView): readonly ApprovalDetail[] {
  const { environment, comparison, metrics, artifacts, answers, changed = [] } = approval;
  return [
    { type: 'prompt' },
    ...changed.map((what, index) => ({ type: 'changed' as const, what, index })),
    ...(environment === undefined ? [] : [{ type: 'environment' as const, environment }]),
    ...(comparison === undefined ? [] : [{ type: 'comparison' as const }]),
    ...metrics.map(({ name, value }) => ({ type: 'metric' as const, name, value })),
    ...artifacts.map((artifact) => ({ type: 'artifact' as const, artifact })),
    ...answers.map((answer, index) => ({ type: 'answer' as const, answer, index })),
  ];
}

export function comparisonDetails({ comparison }: ApprovalView): readonly ApprovalDetail[] {
  return (comparison?.rows ?? []).map((row) => ({ type: 'row', row }));
}

const VERDICT_LOOKS = {
  better: { icon: 'arrow-up', color: 'testing.iconPassed' },
  worse: { icon: 'arrow-down', color: 'testing.iconFailed' },
} as const;

export function approvalDetailItem(approval: ApprovalView, detail: ApprovalDetail, now: number): ItemText {
  const parent = approvalKey(approval);
  const base = { children: 'none' as const, context: itemContext('approvalDetail', detail.type) };
  switch (detail.type) {
    case 'prompt': {
      const line = promptLine(approval.prompt);
      return {
        ...base,
        id: `${parent}/prompt`,
        label: line,
        icon: 'comment',
        tooltip: escapeMarkdown(approval.prompt),
        spoken: `Asks: ${line}`,
        command: { id: 'modelyard.showApproval', title: 'Show Approval' },
      };
    }
    case 'changed': {
      const what = plain(detail.what, 120);
      return {
        ...base,
        id: `${parent}/changed/${detail.index}`,
        label: what,
        description: 'since it was asked before',
        icon: 'history',
        spoken: `Since it was asked before: ${what}`,
      };
    }
    case 'environment': {
      const name = plain(detail.environment, 60);
      return {
        ...base,
        id: `${parent}/environment`,
        label: name,
        description: 'demands approval for what is deployed to it',
        icon: 'server-environment',
        spoken: `The environment ${name} demands approval`,
      };
    }
    case 'comparison': {
      const { candidate = '', current } = approval.comparison ?? {};
      const against =
        current === undefined ? 'nothing to compare with' : `compared with ${plain(current, 60)}`;
      return {
        ...base,
        id: `${parent}/comparison`,
        label: plain(candidate, 60),
        description: against,
        icon: 'diff',
        spoken: commas(`Comparison: ${plain(candidate, 60)}`, against),
        children: comparisonDetails(approval).length === 0 ? 'none' : 'expanded',
      };
    }
    case 'row': {
      const { metric, verdict } = detail.row;
      const shape = verdict === undefined ? { icon: 'symbol-numeric' } : VERDICT_LOOKS[verdict];
      return {
        ...base,
        ...shape,
        id: `${parent}/comparison/${metric}`,
        label: plain(metric, 60),
        description: rowValue(detail.row),
        spoken: `${plain(metric, 60)}: ${rowValue(detail.row)}`,
      };
    }
    case 'metric':
      return detailItem(parent, { type: 'value', what: 'metric', key: detail.name, value: detail.value }, 0);
    case 'artifact':
      return detailItem(parent, { type: 'artifact', artifact: detail.artifact }, 0);
    case 'answer': {
      const { verdict, by, at, comment } = detail.answer;
      const words = `${plain(by, 40)} ${verdict}`;
      return {
        ...base,
        id: `${parent}/answer/${detail.index}`,
        label: words,
        description: dots(comment === undefined ? undefined : plain(comment, 120), ago(at, now)),
        icon: verdict === 'approved' ? 'check' : 'close',
        ...(comment === undefined ? {} : { tooltip: escapeMarkdown(comment) }),
        spoken: commas(words, comment === undefined ? undefined : plain(comment), ago(at, now)),
      };
    }
  }
}

/** The status bar: what waits, and for whom. `undefined`: nothing does. */
export function waitingBar(
  all: readonly ApprovalView[],
): { readonly text: string; readonly tooltip: string } | undefined {
  const waiting = all.filter(({ expired }) => expired !== true);
  if (waiting.length === 0) return undefined;
  const icon = waiting.some(({ mayAnswer }) => mayAnswer) ? 'bell-dot' : 'bell';
  return {
    text: `$(${icon}) ${plural(waiting.length, 'approval')}`,
    tooltip: waiting.map((one) => `${approvalName(one)} waits for ${whom(one)}`).join('\n'),
  };
}
