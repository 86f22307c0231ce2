/** The packages and services that tasks of the project make, and the environments and targets of its settings. */
import { memo } from '../../base/memo.js';
import type { Definition, PipelineDefinition } from '../../definition/read/analyze.js';
import type { PackageAction, ServiceAction, Task, TemplateText } from '../../definition/definition.js';
import { servingMentions } from '../../definition/mentions/serving.js';
import type { ServingKind } from '../../definition/mentions/serving.js';
import { literalPrefix } from './paths.js';
import type { ProjectView } from '../rule.js';

/** A task with what its action says. */
export interface Maker<A> {
  readonly definition: PipelineDefinition;
  readonly task: Task;
  readonly action: A;
}

export interface Made<A> {
  readonly byName: ReadonlyMap<string, readonly Maker<A>[]>;
  /** What names begin with that only a run knows. */
  readonly prefixes: readonly string[];
}

export interface MadeServing {
  readonly packages: Made<PackageAction>;
  readonly services: Made<ServiceAction>;
}

/** @param definitions the same array gives the same answer */
export const madeServing = memo((definitions: readonly Definition[]): MadeServing => {
  const packages = new Collection<PackageAction>();
  const services = new Collection<ServiceAction>();
  for (const definition of definitions) {
    if (definition.kind !== 'pipeline') continue;
    for (const task of definition.pipeline.tasks) {
      const { action } = task;
      if (action?.kind === 'package') packages.add(action.name, { definition, task, action });
      else if (action?.kind === 'service') services.add(action.name, { definition, task, action });
    }
  }
  return { packages, services };
});

class Collection<A> implements Made<A> {
  readonly byName = new Map<string, Maker<A>[]>();
  readonly prefixes: string[] = [];

  add(name: TemplateText, maker: Maker<A>): void {
    if (name.template !== undefined) {
      this.prefixes.push(literalPrefix(name));
      return;
    }
    const key = name.text.trim();
    const same = this.byName.get(key);
    if (same === undefined) this.byName.set(key, [maker]);
    else same.push(maker);
  }
}

/** Whether a task of the project may make something of that name. */
export function mayBeMade<A>(made: Made<A>, name: string): boolean {
  return made.byName.has(name) || made.prefixes.some((prefix) => name.startsWith(prefix));
}

/** What the settings define; `undefined` where they can't be read as YAML. */
export function definedNames(
  project: ProjectView,
  kind: Extract<ServingKind, 'environment' | 'target' | 'executor'>,
): readonly string[] | undefined {
  const settings = project.settings();
  if (settings === undefined) return [];
  if (settings.tree.problems.some(({ code }) => code === 'yaml')) return undefined;
  return servingMentions(settings).flatMap((mention) =>
    mention.kind === kind && mention.whole !== undefined ? [mention.name] : [],
  );
}
