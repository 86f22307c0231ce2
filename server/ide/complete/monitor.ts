/** Completion of the rules of monitors, of the features they watch, and of the metrics that an approval shows. */
import { MEASURES, isFeatureMeasure } from '../../definition/text/monitor-rule.js';
import { knownFeatures } from '../../rules/monitor/known-features.js';
import { pipelineOf, taskOf } from '../hover/describe.js';
import { metricValue } from '../hover/markdown.js';
import type { Slot } from './slot.js';
import type { Completion, CompletionKind, IdeContext } from '../types.js';

/** Nothing for other places. */
export function completeMonitor(context: IdeContext, slot: Slot): Completion[] {
  const [section, task, action, ...field] = slot.path;
  if (section !== 'tasks' || slot.typed.includes('${{')) return [];
  const names = field.filter((step) => typeof step === 'string').join('.');
  if (action === 'monitor' && /^rules(?:\.rule)?$/.test(names)) return rules(context, slot, task);
  if (action === 'monitor' && names === 'drift.features') return features(context, slot, task, '');
  return action === 'approval' && names === 'metrics' ? metrics(context, slot, task) : [];
}

function item(slot: Slot, label: string, kind: CompletionKind, more: Partial<Completion> = {}): Completion {
  return { label, kind, span: slot.word, newText: label, snippet: false, sortText: `1${label}`, ...more };
}

function rules(context: IdeContext, slot: Slot, task: Slot['path'][number] | undefined): Completion[] {
  // Behind the comparison stands a bound, which is the author's.
  if (/[<>]/.test(slot.typed)) return [];
  const measured = /^([a-z]+)\./.exec(slot.typed)?.[1];
  if (measured !== undefined && isFeatureMeasure(measured))
    return features(context, slot, task, `${measured}.`);
  return MEASURES.map((measure, index) => {
    const drift = isFeatureMeasure(measure.name);
    const { bound = '' } = /[<>] (?<bound>.*)$/.exec(measure.example)?.groups ?? {};
    const sign = /[<>]/.exec(measure.example)?.[0] ?? '<';
    return item(slot, measure.name, 'value', {
      detail: measure.example,
      documentation: measure.doc,
      newText: drift ? `${measure.name}.` : `${measure.name} ${sign} \${1:${bound}}`,
      snippet: !drift,
      sortText: `1${String(index).padStart(2, '0')}`,
      ...(drift ? { again: true } : {}),
    });
  });
}

function features(
  context: IdeContext,
  slot: Slot,
  task: Slot['path'][number] | undefined,
  prefix: string,
): Completion[] {
  const action = taskOf(context, task)?.action;
  const known = action?.kind === 'monitor' ? knownFeatures(context, action) : undefined;
  return [...(known ?? [])].sort().map((name) => item(slot, `${prefix}${name}`, 'feature'));
}

/** `train` for all of its metrics, `train.accuracy` for one. */
function metrics(context: IdeContext, slot: Slot, own: Slot['path'][number] | undefined): Completion[] {
  const pipeline = pipelineOf(context);
  return (pipeline?.tasks ?? []).flatMap((task) => {
    const known = Object.entries(context.history?.task(pipeline?.name ?? '', task.name)?.metrics ?? {});
    if (task.name === own || (task.metrics.length === 0 && known.length === 0)) return [];
    return [
      item(slot, task.name, 'task', { detail: 'all of its metrics' }),
      ...known.map(([key, value]) =>
        item(slot, `${task.name}.${key}`, 'metric', { detail: `${metricValue(value)} in the last run` }),
      ),
    ];
  });
}
