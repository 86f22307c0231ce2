/** An `approval` task with every expression replaced by its value. */
import { defined } from '../../../base/defined.js';
import type { ApprovalAction, Json, TemplateText } from '../../../definition/definition.js';
import { parseModelReference, parseSelector } from '../../../definition/names/registry-names.js';
import { toText } from '../../../definition/expressions/values.js';
import type { FingerprintPart } from '../../../stores/runs/document.js';
import type { Texts, VersionFacts } from '../../resolve/texts.js';

export interface ApprovalSettings {
  readonly prompt: string;
  /** Relative to the project. */
  readonly artifacts: readonly string[];
  readonly metrics: readonly { readonly name: string; readonly value: Json }[];
  readonly compare?: { readonly candidate: VersionFacts; readonly current?: VersionFacts };
  readonly who: readonly string[];
  readonly count: number;
  readonly timeoutMs?: number;
  readonly onTimeout: 'reject' | 'approve' | 'fail';
}

export function resolveApproval(
  action: ApprovalAction,
  texts: Texts,
  parts: FingerprintPart[],
): ApprovalSettings {
  const { count, timeoutMs, onTimeout } = action;
  const prompt = texts.text(action.prompt).trim();
  const who = action.who.map((name) => texts.text(name).trim()).filter((name) => name !== '');
  if (who.length > 0 && new Set(who).size < count) {
    texts.fail(
      `count: ${count} people have to approve, and only ${[...new Set(who)].join(', ')} may: name more under \`who\`, or lower \`count\``,
      action.prompt.span,
    );
  }
  const compare = action.compare === undefined ? undefined : comparison(action.compare, texts);
  parts.push({ kind: 'approval', name: 'prompt', value: prompt });
  parts.push({ kind: 'approval', name: 'who', value: who.length === 0 ? 'any' : who.join(', ') });
  parts.push({ kind: 'approval', name: 'count', value: String(count) });
  const metrics = action.metrics.flatMap((text) => metricsOf(text, texts));
  for (const { name, value } of metrics) {
    parts.push({ kind: 'upstream', name: `metric ${name}`, value: JSON.stringify(value) });
  }
  return {
    prompt,
    artifacts: action.artifacts.flatMap((text) => pathsOf(text, texts)),
    metrics,
    ...defined({ compare }),
    who,
    count,
    ...defined({ timeoutMs }),
    onTimeout,
  };
}

function pathsOf(text: TemplateText, texts: Texts): string[] {
  const given = texts.value(text);
  const list = Array.isArray(given) ? (given as readonly Json[]) : [given];
  return list.map((one) => texts.path(toText(one), 'artifact', text.span));
}

/** `train.accuracy`, or `train` for all of its metrics. */
function metricsOf(text: TemplateText, texts: Texts): { name: string; value: Json }[] {
  const given = texts.text(text).trim();
  const dot = given.indexOf('.');
  const task = dot === -1 ? given : given.slice(0, dot);
  const metrics = texts.metrics(task, text.span);
  if (dot === -1) return Object.entries(metrics).map(([key, value]) => ({ name: `${task}.${key}`, value }));
  const key = given.slice(dot + 1);
  const value = Object.hasOwn(metrics, key) ? metrics[key] : undefined;
  if (value === undefined) {
    const known = Object.keys(metrics).slice(0, 20);
    const there = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
    return texts.fail(`metrics: task ${task} has no metric "${key}"; ${there}`, text.span);
  }
  return [{ name: given, value }];
}

function comparison(
  compare: NonNullable<ApprovalAction['compare']>,
  texts: Texts,
): NonNullable<ApprovalSettings['compare']> {
  const given = texts.text(compare.model).trim();
  const parsed = parseModelReference(given);
  if (!parsed.ok) texts.fail(`compare: ${parsed.message}`, compare.model.span);
  const candidate = texts.model(given);
  if (!candidate.ok) texts.fail(`compare: ${candidate.message}`, compare.model.span);
  const to = texts.text(compare.to).trim();
  const selector = parseSelector(to);
  if (!selector.ok) texts.fail(`compare: ${selector.message}`, compare.to.span);
  // While nothing has the alias there is nothing to compare with.
  const current = texts.model(`${parsed.reference.name}@${to}`);
  if (!current.ok && selector.selector.kind === 'version') {
    texts.fail(`compare: ${current.message}`, compare.to.span);
  }
  return {
    candidate: candidate.version,
    ...(current.ok ? { current: current.version } : {}),
  };
}
