/** The models that pipelines of the project register: they and their aliases come to be when those run. */
import { memo } from '../../base/memo.js';
import type { Definition, PipelineDefinition } from '../../definition/read/analyze.js';
import { modelMentions } from '../../definition/mentions/models.js';
import type { Span } from '../../syntax/tree.js';
import { literalPrefix } from './paths.js';

interface Registration {
  readonly path: string;
  readonly task: string;
  /** Of the model's name. */
  readonly span: Span;
  readonly whole: Span;
}

export interface MadeModel {
  readonly aliases: ReadonlySet<string>;
  /** An expression gives an alias. */
  readonly anyAlias: boolean;
  readonly registrations: readonly Registration[];
}

export interface MadeModels {
  readonly byName: ReadonlyMap<string, MadeModel>;
  /** What names begin with that only a run knows. */
  readonly prefixes: readonly string[];
}

/** What one `register` task makes. */
interface Made extends Registration {
  /** Absent: `prefix` is how it begins. */
  readonly name?: string;
  readonly prefix: string;
  readonly aliases: readonly string[];
  readonly anyAlias: boolean;
}

/** @param definitions the same array gives the same answer */
export const madeModels = memo((definitions: readonly Definition[]): MadeModels =>
  gather(definitions.flatMap((one) => (one.kind === 'pipeline' ? madeIn(one) : []))),
);

/** Whether a task of the project may make a model of that name. */
export function mayMake(made: MadeModels, name: string): boolean {
  return made.byName.has(name) || made.prefixes.some((prefix) => name.startsWith(prefix));
}

/** Whether a task of the project may give the model this alias. */
export function maySet(made: MadeModels, name: string, alias: string): boolean {
  const model = made.byName.get(name);
  if (model?.anyAlias === true || model?.aliases.has(alias) === true) return true;
  return made.prefixes.some((prefix) => name.startsWith(prefix));
}

const madeIn = memo((definition: PipelineDefinition): readonly Made[] => {
  const registers = definition.pipeline.tasks.some((task) => task.action?.kind === 'register');
  return registers ? collect(definition) : [];
});

function collect(definition: PipelineDefinition): Made[] {
  const names = new Map(
    modelMentions(definition).flatMap((mention) =>
      mention.role === 'makes' ? [[mention.task, mention] as const] : [],
    ),
  );
  return definition.pipeline.tasks.flatMap((task) => {
    if (task.action?.kind !== 'register') return [];
    const { model, aliases } = task.action;
    const named = names.get(task);
    if (named?.model === undefined && model.template === undefined) return [];
    return {
      ...(named?.model === undefined ? {} : { name: named.model }),
      prefix: literalPrefix(model),
      aliases: aliases.map(({ text }) => text.trim()),
      anyAlias: aliases.some(({ template }) => template !== undefined),
      path: definition.path,
      task: task.name,
      span: named?.span ?? model.span,
      whole: task.span,
    };
  });
}

function gather(all: readonly Made[]): MadeModels {
  const byName = new Map<string, MutableModel>();
  const prefixes: string[] = [];
  for (const { name, prefix, aliases, anyAlias, ...registration } of all) {
    if (name === undefined) {
      prefixes.push(prefix);
      continue;
    }
    let model = byName.get(name);
    if (model === undefined)
      byName.set(name, (model = { aliases: new Set(), anyAlias: false, registrations: [] }));
    for (const alias of aliases) model.aliases.add(alias);
    model.anyAlias ||= anyAlias;
    model.registrations.push(registration);
  }
  return { byName, prefixes };
}

interface MutableModel extends MadeModel {
  readonly aliases: Set<string>;
  anyAlias: boolean;
  readonly registrations: Registration[];
}
