/** What the commands of tasks read, as far as their words tell, with paths that are relative to the project. */
import { type CommandFiles, filesRead } from '../../definition/mentions/command-files.js';
import type { Task } from '../../definition/definition.js';
import { normalizePath } from './paths.js';
import type { ShellTask } from './shell-tasks.js';

export interface TaskCommand extends CommandFiles {
  /** The folder that the commands run in; `''` is the project. */
  readonly folder: string;
}

/** Nothing where only a run knows the folder. */
export function commandOf({ task, script }: ShellTask): TaskCommand | undefined {
  const folder = folderOf(task);
  if (folder === undefined) return undefined;
  // A word that an expression is part of is no path.
  const parts = script.template?.parts.map((part) => (part.kind === 'text' ? part.text : '$'));
  const { files, modules, script: first } = filesRead(parts?.join('') ?? script.text);
  const started = first === undefined ? undefined : at(folder, first);
  return {
    folder,
    files: files.flatMap((file) => at(folder, file) ?? []),
    modules,
    ...(started === undefined ? {} : { script: started }),
  };
}

function folderOf({ workingDirectory }: Task): string | undefined {
  if (workingDirectory === undefined) return '';
  return workingDirectory.template === undefined ? normalizePath(workingDirectory.text) : undefined;
}

function at(folder: string, file: string): string | undefined {
  const path = normalizePath(folder === '' ? file : `${folder}/${file}`);
  return path === '' ? undefined : path;
}
