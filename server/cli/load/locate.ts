/** Which project, and which of its pipelines, a command is about. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { findProjectRoot, namedProjectRoot } from '../../project/find-root.js';
import { trustByKey } from '../../runner/trust-copy.js';
import { layoutOf } from '../../stores/layout.js';
import { type Arguments, UsageError, closest } from '../args.js';
import { CommandError, startFolder } from '../command.js';
import { rememberPath, rememberedPath } from './compiled.js';
import { EXIT } from '../output.js';

/** The root of the project that a command is about. */
export function projectRoot(args: Arguments): string {
  const start = startFolder(args);
  if (!existsSync(start)) throw new CommandError(`${start} does not exist`, EXIT.usage);
  const root = args.text('project') === undefined ? findProjectRoot(start) : namedProjectRoot(start);
  return enter(root);
}

/** What comes before anything else in a project. */
function enter(root: string): string {
  shareWithGroup(root);
  trustByKey(layoutOf(root));
  return root;
}

/**
 * As git's `core.sharedRepository=group`: where the project's folder hands its group down and lets it write, the group may
 * write what is made in it, too, whatever the umask of whoever makes it.
 */
function shareWithGroup(root: string): void {
  const { mode } = statSync(root);
  // The mask is told by setting another one.
  if (process.platform !== 'win32' && (mode & 0o2020) === 0o2020)
    process.umask(process.umask(0o022) & ~0o070);
}

export interface Place {
  /** Absolute. */
  readonly root: string;
  /** The pipeline's file, relative to the root, `/` between names. */
  readonly relative: string;
}

/** Finds the pipeline that a name or a path means, or the only one there is. */
export async function locate(args: Arguments, word: string | undefined): Promise<Place> {
  const start = startFolder(args);
  if (word !== undefined) {
    const file = path.resolve(start, word);
    const looksLikePath = /[/\\]|\.ya?ml$/i.test(word);
    // A bare word is the name of a pipeline where there is one, whatever files are called so.
    const isFile = statSync(file, { throwIfNoEntry: false })?.isFile() === true;
    if (looksLikePath || (isFile && !(await isName(args, word)))) {
      if (!existsSync(file)) throw new CommandError(`there is no file ${word}`, EXIT.usage);
      const root =
        args.text('project') === undefined ? enter(findProjectRoot(file, start)) : projectRoot(args);
      const relative = path.relative(root, file).split(path.sep).join('/');
      if (relative.startsWith('../')) throw new CommandError(`${word} lies outside of ${root}`, EXIT.usage);
      return { root, relative };
    }
  }
  const root = projectRoot(args);
  const remembered = word === undefined ? undefined : rememberedPath(root, word);
  if (remembered !== undefined) return { root, relative: remembered };
  return { root, relative: await search(root, word) };
}

/** Whether a pipeline of the project has that name. */
async function isName(args: Arguments, word: string): Promise<boolean> {
  const root = projectRoot(args);
  if (rememberedPath(root, word) !== undefined) return true;
  const { openProject } = await import('./open-project.js');
  return openProject(root)
    .definitions()
    .some((one) => one.kind === 'pipeline' && one.pipeline.name === word);
}

async function search(root: string, word: string | undefined): Promise<string> {
  const { openProject } = await import('./open-project.js');
  const { passedOver } = await import('./passed-over.js');
  const project = openProject(root);
  const pipelines = project.definitions().flatMap((one) => (one.kind === 'pipeline' ? [one] : []));
  const names = pipelines.map((one) => one.pipeline.name);
  if (word === undefined) {
    const [only] = pipelines;
    if (only !== undefined && pipelines.length === 1) return only.path;
    if (only === undefined) {
      throw new CommandError(
        `there is no pipeline in ${root}: make one, NAME.pipeline.yaml, or say where with --project` +
          passedOver(project, undefined),
        EXIT.usage,
      );
    }
    throw new UsageError(`say which pipeline: ${names.join(', ')}`);
  }
  const found = pipelines.filter((one) => one.pipeline.name === word);
  const [first] = found;
  if (first === undefined) {
    const like = closest(word, names);
    const hint = like === undefined ? '' : `, did you mean "${like}"?`;
    const known = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
    throw new CommandError(
      `there is no pipeline "${word}" in ${root}${hint} (${known})${passedOver(project, word)}`,
      EXIT.usage,
    );
  }
  if (found.length > 1) {
    const paths = found.map((one) => one.path).join(', ');
    throw new CommandError(
      `several pipelines are named "${word}": ${paths}. Give the path of one.`,
      EXIT.usage,
    );
  }
  rememberPath(root, word, first.path);
  return first.path;
}
