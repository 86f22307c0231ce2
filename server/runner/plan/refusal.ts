/** Why nothing of a run may start: everything that is wrong with its paths once the values of its params are known. */
import { type ActionPath, listed } from '../../definition/actions.js';
import type { Pipeline, Task, TemplateText } from '../../definition/definition.js';
import { evaluateText, renderTemplate, type Scope } from '../../definition/expressions/evaluate.js';
import { compileGlob } from '../../definition/text/glob.js';
import type { Instance, ResolvedPath } from '../../definition/graph/graph.js';
import { quoteWord } from '../../definition/shell/shell.js';
import { truthy } from '../../definition/expressions/values.js';
import { type DebugSettings, debugProblem } from '../../python/debugger.js';
import { trackedAt } from '../../base/git-index.js';
import { heldSource } from './held-before.js';
import { ownPathProblem } from './own-paths.js';
import type { CalledPipeline } from '../calls/graphs.js';
import type { Session } from '../session.js';
import type { ReadInput, Workspace } from '../resolve/workspace.js';

/**
 * Lint says the same of what is written; but params and variables lead elsewhere, and other files may have come since it was
 * checked. What only a task of the run will know is checked when that is known.
 *
 * @param read content of what is at an output's path
 * @param place `path:line:column`
 * @returns one sentence for people, which names the task
 */
export async function refusalOf(
  session: Session,
  read: (path: string) => ReadInput | Promise<ReadInput>,
  place?: (span: TemplateText['span'] | undefined) => string,
): Promise<string | undefined> {
  return (
    session.problem ??
    badPython(session, place) ??
    notDebugged(session, place) ??
    badPath(session) ??
    trackedOutput(session) ??
    (await session.openStages(session.facts.environment)) ??
    (await heldSource(session, read))
  );
}

/** An interpreter that was asked for and can't be used. */
function badPython(
  session: Session,
  place: ((span: TemplateText['span'] | undefined) => string) | undefined,
): string | undefined {
  for (const instance of session.selectedInstances()) {
    const { task, id } = instance;
    const { problem } = session.pythons.of(task);
    if (problem === undefined || isSkipped(task, session.scopeBefore(instance))) continue;
    return `${place === undefined ? '' : `${place(problem.span)}: `}${id}: ${problem.message}`;
  }
  return undefined;
}

/** A task that no debugger can look into. */
function notDebugged(
  session: Session,
  place: ((span: TemplateText['span'] | undefined) => string) | undefined,
): string | undefined {
  if (session.debug === undefined) return undefined;
  for (const { task, id } of session.selectedInstances()) {
    const why = debugRefusal(session, session.debug, task);
    if (why === undefined) continue;
    return `${place === undefined ? '' : `${place(task.actionSpan ?? task.nameSpan)}: `}${id}: ${why}`;
  }
  return undefined;
}

function debugRefusal(session: Session, settings: DebugSettings, task: Task): string | undefined {
  if (task.stage !== undefined) return 'a stage of a dvc.yaml runs as DVC runs it, and is not debugged';
  if (task.action?.kind === 'notebook')
    return 'a notebook is debugged where it is edited: open it and debug its cells';
  if (task.action?.kind !== 'run') return 'only tasks that `run` commands are debugged';
  const { choice } = session.pythons.of(task);
  return choice === undefined
    ? "it can't be debugged: there is no Python for it"
    : debugProblem(choice, settings, session.root);
}

/** A path that leads out of the project, into what is kept there, or nowhere; also in a pipeline that is called. */
function badPath(session: Session): string | undefined {
  const { workspace, pipeline } = session;
  for (const instance of session.selectedInstances()) {
    const scope: Scope = session.scopeBefore(instance);
    if (isSkipped(instance.task, scope)) continue;
    const problem = pathProblems(workspace, pipeline, instance, scope).next().value;
    if (problem !== undefined) return `${instance.id}: ${problem}`;
    for (const called of session.calledBy(instance)) {
      const below = badPathIn(called, workspace);
      if (below !== undefined) return `${instance.id}: pipeline ${called.pipeline.name}: ${below}`;
    }
  }
  return undefined;
}

function badPathIn(
  { pipeline, graph, scopeOf, through }: CalledPipeline,
  workspace: Workspace,
): string | undefined {
  if (through.some(({ task, scope }) => isSkipped(task, scope))) return undefined;
  for (const instance of graph.instances) {
    const scope = scopeOf(instance);
    if (isSkipped(instance.task, scope)) continue;
    const problem = pathProblems(workspace, pipeline, instance, scope).next().value;
    if (problem !== undefined) return `${instance.id}: ${problem}`;
  }
  return undefined;
}

function* pathProblems(
  workspace: Workspace,
  pipeline: Pipeline,
  { task, inputs, outputs }: Instance,
  scope: Scope,
): Generator<string, undefined> {
  for (const input of inputs) {
    for (const one of [input, ...input.exclude]) yield* said(pathProblem(one, 'input', scope, workspace));
  }
  for (const output of outputs) {
    yield* said(
      pathProblem(output, 'output', scope, workspace) ??
        // Of the whole project `heldSource` says more.
        (output.path === undefined || output.path === '.'
          ? undefined
          : ownPathProblem(output.path, output.glob, pipeline.path, workspace)),
    );
  }
  for (const { text, called = 'path', mayBeEmpty } of otherPaths(task)) {
    if (text.template === undefined) continue;
    const given = renderTemplate(text, scope, 'plain');
    if (given.kind !== 'value' || (mayBeEmpty === true && given.value.trim() === '')) continue;
    const checked = workspace.check(given.value, called);
    if (!checked.ok) yield checked.message;
  }
  return undefined;
}

function* said(problem: string | undefined): Generator<string> {
  if (problem !== undefined) yield problem;
}

function pathProblem(
  { path: known, glob, text }: ResolvedPath,
  what: string,
  scope: Scope,
  workspace: Workspace,
): string | undefined {
  // Nothing is known of an empty path; that it is empty may be.
  const given = known ?? blank(text, scope);
  if (given === undefined) return undefined;
  const checked = workspace.check(given, what);
  if (!checked.ok) return checked.message;
  const compiled = glob ? compileGlob(checked.path) : undefined;
  return compiled?.ok === false ? compiled.message : undefined;
}

function blank(text: TemplateText, scope: Scope): string | undefined {
  const given = renderTemplate(text, scope, 'plain');
  return given.kind === 'value' && given.value.trim() === '' ? given.value : undefined;
}

/** Paths that are neither inputs nor outputs of an instance. */
function otherPaths({ workingDirectory, action }: Task): ActionPath[] {
  const others = listed(action, 'paths').filter(({ role, input }) => role === 'data' && input === undefined);
  return workingDirectory === undefined
    ? others
    : [{ text: workingDirectory, role: 'data', called: 'working directory' }, ...others];
}

/** Whether its condition is known to be false already. */
function isSkipped(task: Task, scope: Scope): boolean {
  if (task.if === undefined) return false;
  const result = evaluateText(task.if, { ...scope, status: 'success' });
  return result.kind === 'value' && !truthy(result.value);
}

/** Git may have got files since the definition was checked. */
function trackedOutput(session: Session): string | undefined {
  for (const { id, outputs, task } of session.selectedInstances()) {
    // DVC has rules of its own.
    if (task.stage !== undefined) continue;
    for (const { path: file, role, output } of outputs) {
      if (file === undefined || file === '.' || output?.persist === true) continue;
      const tracked = trackedAt(session.root, file);
      if (tracked === undefined) continue;
      if (tracked === file && (role !== 'output' || output?.cache === false)) continue;
      const what = tracked === file ? '' : ` (${tracked})`;
      return `${id}: git tracks its output ${file}${what}, which a run would replace: write to a path of its own, or let git forget it: git rm -r --cached -- ${quoteWord(file)}`;
    }
  }
  return undefined;
}
