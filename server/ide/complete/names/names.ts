/** Completion of strings that name something defined elsewhere: tasks, pipelines, executors, views, … */
import { defined } from '../../../base/defined.js';
import type { NameTarget } from '../../../definition/schema/hint.js';
import { LOCAL_EXECUTOR } from '../../../definition/executors.js';
import { LOCAL_TARGET } from '../../../definition/mentions/serving.js';
import type { ServingKind } from '../../../definition/mentions/serving.js';
import { RULE_IDS } from '../../../rules/ids.js';
import { madeServing } from '../../../rules/shared/serving-names.js';
import { entryOf } from '../../../syntax/text.js';
import { featureNames } from './features.js';
import { completeModelField } from './models.js';
import { packageNames, packageVersions } from './packages.js';
import { paramNames } from './stages.js';
import { taskSummary } from '../../hover/describe.js';
import { servingSummary } from '../../hover/serving.js';
import { type Name, unique } from './name.js';
import { dependents } from '../dependents.js';
import type { Slot } from '../slot.js';
import type { Completion, CompletionKind, IdeContext } from '../../types.js';

const KINDS: Readonly<Partial<Record<NameTarget, CompletionKind>>> = {
  entity: 'entity',
  view: 'view',
  feature: 'feature',
  'feature-service': 'feature-service',
  task: 'task',
  pipeline: 'pipeline',
  secret: 'secret',
  rule: 'rule',
  value: 'param',
};

/** Names that may stand in a slot; those that its list has already are left out. */
export function completeNames(context: IdeContext, slot: Slot, target: NameTarget): Completion[] {
  if (target === 'model' || target === 'alias') return completeModelField(context, slot, target);
  const kind = KINDS[target] ?? 'value';
  return namesOf(context, slot, target).map(({ name, detail, documentation }, index) => ({
    label: name,
    kind,
    span: slot.word,
    newText: name,
    snippet: false,
    sortText: `2${String(index).padStart(5, '0')}`,
    ...defined({ detail, documentation }),
  }));
}

function namesOf(context: IdeContext, slot: Slot, target: NameTarget): readonly Name[] {
  switch (target) {
    case 'task':
      return taskNames(context, slot);
    case 'pipeline':
      return pipelineNames(context);
    case 'secret':
      return secretNames(context);
    case 'executor':
      return described(
        context,
        target,
        unique([{ name: LOCAL_EXECUTOR, detail: 'this machine' }, ...settingsNames(context, 'executors')]),
      );
    case 'environment':
      return described(context, target, settingsNames(context, 'environments'));
    case 'target': {
      const names = [{ name: LOCAL_TARGET, detail: 'this machine' }, ...settingsNames(context, 'targets')];
      return described(context, target, unique(names));
    }
    case 'rule':
      return RULE_IDS.map((name) => ({ name }));
    case 'entity':
    case 'view':
    case 'feature':
    case 'feature-service':
    case 'owner':
      return featureNames(context, slot, target);
    case 'package': {
      const at = slot.typed.indexOf('@');
      return at > 0
        ? packageVersions(context, slot.typed.slice(0, at))
        : described(context, target, packageNames(context));
    }
    case 'service':
      return described(context, target, serviceNames(context));
    case 'value':
      return paramNames(context, slot);
    case 'model':
    case 'alias':
    case 'column':
    case 'path':
    case 'glob':
      return [];
  }
}

function taskNames(context: IdeContext, slot: Slot): Name[] {
  if (context.definition.kind !== 'pipeline') return [];
  const own = slot.path[1];
  const { tasks } = context.definition.pipeline;
  const taken = new Set(tasks.find((task) => task.name === own)?.needs.map((need) => need.value));
  const after = dependents(context, own);
  const names: Name[] = [];
  for (const task of tasks) {
    if (task.name === own || after.has(task.name) || (taken.has(task.name) && task.name !== slot.typed))
      continue;
    names.push({ name: task.name, ...(task.action === undefined ? {} : { detail: task.action.kind }) });
  }
  // Documentation costs; a list this long is not read but typed into.
  return names.length > 200
    ? names
    : names.map((name) => {
        const task = tasks.find((candidate) => candidate.name === name.name);
        return task === undefined ? name : { ...name, documentation: taskSummary(context, task) };
      });
}

function pipelineNames(context: IdeContext): Name[] {
  const own = context.definition.kind === 'pipeline' ? context.definition.pipeline.name : undefined;
  return [...context.project.pipelinesByName]
    .filter(([name]) => name !== own)
    .map(([name, [first]]) => ({ name, ...(first === undefined ? {} : { detail: first.path }) }));
}

function secretNames(context: IdeContext): Name[] {
  const names: Name[] = [];
  for (const definition of context.project.definitions()) {
    if (definition.kind !== 'pipeline') continue;
    for (const owner of [definition.pipeline, ...definition.pipeline.tasks]) {
      for (const secret of owner.secrets) names.push({ name: secret.value, detail: 'used in this project' });
    }
  }
  for (const name of context.environmentNames?.() ?? []) names.push({ name, detail: 'environment' });
  return unique(names);
}

function settingsNames(context: IdeContext, section: string): Name[] {
  const names: Name[] = [];
  for (const definition of context.project.definitions()) {
    if (definition.kind !== 'project') continue;
    const map = entryOf(definition.tree.root, section)?.value;
    if (map?.kind !== 'map') continue;
    for (const { key } of map.entries) names.push({ name: key.text, detail: definition.path });
  }
  return names;
}

/** Services come to be by tasks that name them. */
function serviceNames(context: IdeContext): Name[] {
  return [...madeServing(context.project.definitions()).services.byName].flatMap(([name, [first]]) =>
    first === undefined || name === ''
      ? []
      : [{ name, detail: `${first.definition.pipeline.name} › ${first.task.name}` }],
  );
}

/** With what is known of each, as long as the list is one that is read. */
function described(context: IdeContext, kind: ServingKind, names: readonly Name[]): Name[] {
  return names.map((name) => {
    const documentation = names.length > 100 ? undefined : servingSummary(context, kind, name.name);
    return documentation === undefined ? name : { ...name, documentation };
  });
}
