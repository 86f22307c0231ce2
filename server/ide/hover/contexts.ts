/** What `environment.…` and `packages.…` give, as far as it is known without a run. */
import { contextOf, PACKAGE_MEMBERS } from '../../definition/expressions/contexts.js';
import type { Environment, Json, Task } from '../../definition/definition.js';
import { usableVersions } from '../../definition/known/packages.js';
import { statedEnvironment } from '../../definition/expressions/types/task-environment.js';
import { versionWords } from '../complete/names/packages.js';
import { pipelineOf } from './describe.js';
import { code, shortValue } from './markdown.js';
import type { IdeContext } from '../types.js';

/** The environment of `modelyard.yaml` that a task is about; `undefined` where that can't be told. */
export function environmentFor(context: IdeContext, task: Task | undefined): Environment | undefined {
  const pipeline = pipelineOf(context);
  const name = pipeline === undefined || task === undefined ? undefined : statedEnvironment(pipeline, task);
  return environmentsIn(context).find((one) => one.name === name);
}

function environmentsIn(context: IdeContext): readonly Environment[] {
  return context.project.settings()?.settings.environments ?? [];
}

/** Variables of the task's environment; of all of them where it can't be told which one that is. */
export function environmentVariables(
  context: IdeContext,
  task: Task | undefined,
): ReadonlyMap<string, string> {
  const own = environmentFor(context, task);
  const found = new Map<string, string>();
  for (const { name, variables } of own === undefined ? environmentsIn(context) : [own]) {
    for (const [key, value] of Object.entries(variables))
      if (!found.has(key)) found.set(key, `${shortValue(value, 30)} in ${name}`);
  }
  return found;
}

/** `environment.url`, `environment.variables.region`. */
export function environmentMember(
  context: IdeContext,
  offset: number,
  [member, key]: readonly string[],
): string | undefined {
  const task = pipelineOf(context)?.tasks.find(({ span }) => span.start <= offset && offset <= span.end);
  const found = environmentFor(context, task);
  const doc = contextOf('environment')?.members.find(({ name }) => name === member)?.doc;
  const value = found === undefined ? undefined : valueOf(found, member, key);
  const known =
    found === undefined || value === undefined
      ? []
      : [`${code(shortValue(value, 100))} in ${code(found.name)}`];
  const lines = [...(doc === undefined || key !== undefined ? [] : [doc]), ...known];
  return lines.length === 0 ? undefined : lines.join('\n\n');
}

function valueOf(
  { name, url, target, variables }: Environment,
  member: string | undefined,
  key: string | undefined,
): Json | undefined {
  if (member !== 'variables') return new Map(Object.entries({ name, url, target })).get(member ?? '');
  return key !== undefined && Object.hasOwn(variables, key) ? variables[key] : undefined;
}

/** `packages.rain-app@3` and its members; the steps begin with the name, a version may follow. */
export function packageMember(
  context: IdeContext,
  name: string,
  number: string | undefined,
  member: string | undefined,
): string | undefined {
  const versions = usableVersions(context.project.packages, name);
  const version =
    number === undefined || number.toLowerCase() === 'latest'
      ? versions[0]
      : versions.find((one) => one.version === number);
  const doc = PACKAGE_MEMBERS.find((one) => one.name === member)?.doc;
  if (member === undefined) {
    return version === undefined
      ? undefined
      : `Version ${version.version}: ${versionWords(context, version)}`;
  }
  if (doc === undefined || version === undefined) return doc;
  const { hash, model } = version;
  const values = { version: version.version, reference: `${name}@${version.version}`, hash, model };
  const value = new Map(Object.entries(values)).get(member);
  return value === undefined ? doc : `${doc}\n\n${code(value)} now`;
}
