/** App packages, their versions and what a version has: in expressions, and where a field names one. */
import { defined } from '../../../base/defined.js';
import { PACKAGE_MEMBERS } from '../../../definition/expressions/contexts.js';
import { usableVersions } from '../../../definition/known/packages.js';
import type { KnownPackageVersion } from '../../../definition/known/packages.js';
import { madeServing } from '../../../rules/shared/serving-names.js';
import type { Span } from '../../../syntax/tree.js';
import { nowOf } from '../../hover/describe.js';
import { ago } from '../../hover/markdown.js';
import { unique } from './name.js';
import type { Name } from './name.js';
import type { Completion, IdeContext } from '../../types.js';

const MOST_VERSIONS = 20;

/** Those that tasks of the project make, then those that only the store has. */
export function packageNames(context: IdeContext): Name[] {
  const made = madeServing(context.project.definitions()).packages;
  const makers = [...made.byName].flatMap(([name, [first]]): Name[] =>
    first === undefined || name === ''
      ? []
      : [{ name, detail: `${first.definition.pipeline.name} › ${first.task.name}` }],
  );
  const stored = (context.project.packages?.names() ?? []).map((name): Name => ({
    name,
    detail: newestOf(context, name),
  }));
  return unique([...makers, ...stored]);
}

function newestOf(context: IdeContext, name: string): string {
  const [newest] = usableVersions(context.project.packages, name);
  return newest === undefined ? 'app package' : `version ${newest.version}`;
}

/** `rain-app@3`, the newest first. */
export function packageVersions(context: IdeContext, name: string): Name[] {
  return usableVersions(context.project.packages, name)
    .slice(0, MOST_VERSIONS)
    .map((version) => ({ name: `${name}@${version.version}`, detail: versionWords(context, version) }));
}

/** When it was made, by whom, and what it serves. */
export function versionWords(
  context: IdeContext,
  { createdAt, createdBy, files, model }: KnownPackageVersion,
): string {
  const serves = model === undefined ? '' : `, serves ${model}`;
  return `${ago(createdAt, nowOf(context))} by ${createdBy}, ${files} ${files === 1 ? 'file' : 'files'}${serves}`;
}

/** Behind `packages.`: a name, a number behind `@`, and what a version has. `undefined` for other places. */
export function completePackageExpression(
  context: IdeContext,
  slot: { readonly before: string; readonly word: Span },
): Completion[] | undefined {
  const { before, word } = slot;
  const selected = /(?:^|[^\w.-])packages\s*\.\s*([\w-]+)@[\w-]*$/.exec(before);
  if (selected !== null) {
    const name = selected[1] ?? '';
    return items(
      packageVersions(context, name).map((one) => ({ ...one, name: one.name.slice(name.length + 1) })),
      word,
    );
  }
  if (/(?:^|[^\w.-])packages\s*\.\s*[\w-]*$/.test(before)) {
    // Other names can only be written in brackets.
    return items(
      packageNames(context).filter(({ name }) => /^[A-Za-z_][\w-]*$/.test(name)),
      word,
    );
  }
  if (!/(?:^|[^\w.-])packages\s*(?:\.\s*[\w-]+(?:@[\w-]+)?|\[[^\]]*\])\s*\.\s*[\w-]*$/.test(before))
    return undefined;
  return items(
    PACKAGE_MEMBERS.map(({ name, doc }) => ({ name, documentation: doc })),
    word,
  );
}

function items(names: readonly Name[], span: Span): Completion[] {
  return names.map(({ name, detail, documentation }, index) => ({
    label: name,
    kind: 'value',
    span,
    newText: name,
    snippet: false,
    sortText: `1${String(index).padStart(5, '0')}`,
    ...defined({ detail, documentation }),
  }));
}
