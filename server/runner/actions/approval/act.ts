/** The action `approval`: the task ends when people have decided. */
import { defined } from '../../../base/defined.js';
import { compareNumbers, isNumber } from '../../../base/numeral.js';
import type { ApprovalState, Facts } from '../../../stores/approvals/approvals.js';
import { betterDirection } from '../../../stores/registry/compare.js';
import type { Verdict } from '../../people/approvals.js';
import type { ApprovalSettings } from './resolve.js';
import type { ActionContext, ActionOutcome } from '../action.js';

export async function approvalAction(
  context: ActionContext,
  approval: ApprovalSettings,
): Promise<ActionOutcome> {
  const { prompt, who, count, onTimeout } = approval;
  const artifacts: Facts['artifacts'][number][] = [];
  for (const path of approval.artifacts) {
    const read = await context.session.workspace.read(path, context.signal);
    const record = read.ok ? read.records[0] : undefined;
    if (!read.ok || record === undefined) {
      return { ok: false, error: read.ok ? `${path} is empty` : `artifact ${read.message}` };
    }
    artifacts.push({ path, hash: record.hash, bytes: record.bytes });
  }
  const comparison = approval.compare === undefined ? {} : { comparison: comparisonOf(approval.compare) };
  const own = context.task.instance.task.timeoutMs;
  const timeout =
    approval.timeoutMs === undefined
      ? {
          ...defined({ timeoutMs: own }),
          onTimeout: own === undefined ? onTimeout : ('fail' as const),
        }
      : { timeoutMs: approval.timeoutMs, onTimeout };
  const verdict = await context.ask({
    prompt,
    artifacts,
    metrics: approval.metrics,
    ...comparison,
    who,
    count,
    ...timeout,
  });
  return outcomeOf(verdict);
}

/** How a task goes on after its question; a `deploy` that was approved has its work before it. */
export function outcomeOf(verdict: Verdict): ActionOutcome {
  switch (verdict.kind) {
    case 'parked':
      return { ok: false, parked: true };
    case 'stopped':
      return { ok: false };
    case 'withdrawn':
      return { ok: false, skipped: verdict.reason };
    case 'approved':
      return { ok: true, values: valuesOf(verdict.state), note: `approved by ${namesOf(verdict.state)}` };
    case 'rejected': {
      const last = verdict.state.answers.findLast((answer) => answer.verdict === 'rejected');
      const comment = last?.comment === undefined ? '' : `: ${last.comment}`;
      return { ok: false, final: true, error: `rejected by ${last?.by ?? 'somebody'}${comment}` };
    }
    case 'timed-out': {
      const { request } = verdict.state;
      const since = `nobody answered in time (until ${request.expiresAt ?? ''})`;
      if (request.onTimeout === 'approve') {
        return { ok: true, values: valuesOf(verdict.state), note: `${since}, which approves` };
      }
      return {
        ok: false,
        final: true,
        error: request.onTimeout === 'reject' ? `${since}, which rejects` : since,
      };
    }
  }
}

function valuesOf({ answers }: ApprovalState): Record<string, string> {
  const approved = answers.filter((answer) => answer.verdict === 'approved');
  return {
    by: approved.map((answer) => answer.by).join(', '),
    comment: approved.flatMap((answer) => answer.comment ?? []).join('\n'),
    at: answers.at(-1)?.at ?? '',
  };
}

function namesOf({ answers }: ApprovalState): string {
  const approved = answers.filter((answer) => answer.verdict === 'approved');
  const comments = approved.flatMap((answer) => answer.comment ?? []);
  const names = approved.map((answer) => answer.by).join(', ');
  return comments.length === 0 ? names : `${names} (${comments.join('; ')})`;
}

/** Metrics of both versions; those that both have first. */
export function comparisonOf({
  candidate,
  current,
}: NonNullable<ApprovalSettings['compare']>): NonNullable<Facts['comparison']> {
  const names = new Set([...Object.keys(candidate.metrics), ...Object.keys(current?.metrics ?? {})]);
  const rows = [...names].map((metric) => {
    const now = candidate.metrics[metric];
    const before = current?.metrics[metric];
    const direction = betterDirection(metric);
    const order = isNumber(now) && isNumber(before) ? compareNumbers(now, before) : 0;
    const verdict: 'better' | 'worse' | undefined =
      direction === undefined || order === 0 || Number.isNaN(order)
        ? undefined
        : order > 0 === (direction === 'higher')
          ? 'better'
          : 'worse';
    return {
      metric,
      ...defined({ current: before, candidate: now, verdict }),
    };
  });
  return {
    candidate: `${candidate.name} ${candidate.version}`,
    ...(current === undefined ? {} : { current: `${current.name} ${current.version}` }),
    rows,
  };
}
