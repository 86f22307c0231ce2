/** Which Python a task asks for and how much of it counts, and whether its commands use Python at all. */
import type { Pipeline, ProjectSettings, PythonSettings, Task } from '../definition.js';
import type { Located } from '../pieces.js';
import type { PythonCode, PythonCounts } from './counts.js';
import { programNames } from '../shell/commands.js';
import type { Shell } from '../shell/shells.js';

/** Whose word it is. */
export type PythonLevel = 'task' | 'pipeline' | 'project';

/** What holds for one task: of each setting the nearest word. */
export interface PythonWish {
  /** Absent: nobody says it. */
  readonly asked?: { readonly level: PythonLevel; readonly what: Located<string>; readonly conda: boolean };
  readonly counts: PythonCounts;
  readonly code: PythonCode;
  readonly noteFiles: boolean;
  /** The task itself has the key: its interpreter counts whatever its commands look like. */
  readonly own: boolean;
}

export function pythonWish(
  task: Pick<Task, 'python'>,
  pipeline: Pick<Pipeline, 'python'>,
  project: ProjectSettings['python'],
): PythonWish {
  const levels = [
    ['task', task.python],
    ['pipeline', pipeline.python],
    ['project', project],
  ] as const;
  let asked: PythonWish['asked'];
  for (const [level, settings] of levels) {
    const what = settings?.interpreter ?? settings?.conda;
    if (what === undefined) continue;
    asked = { level, what, conda: settings?.interpreter === undefined };
    break;
  }
  return {
    ...(asked === undefined ? {} : { asked }),
    counts: task.python?.counts ?? pipeline.python?.counts ?? project?.counts ?? 'version',
    code: task.python?.code ?? pipeline.python?.code ?? project?.code ?? 'bytes',
    noteFiles: task.python?.noteFiles ?? pipeline.python?.noteFiles ?? project?.noteFiles ?? true,
    own: task.python !== undefined && Object.keys(task.python).some((key) => !OF_FILES.has(key)),
  };
}

/** Settings that say nothing of the interpreter. */
const OF_FILES: ReadonlySet<string> = new Set<keyof PythonSettings>(['code', 'noteFiles']);

const PYTHON =
  /^(?:python(?:3(?:\.\d{1,2})?)?|pip3?|ipython3?|pytest|jupyter|papermill|torchrun|accelerate|ray|mlflow)(?:\.exe)?$/;
/** @param programs what else the environment of the interpreter has in its `bin` */
export function usesPython(
  script: string,
  { language }: Pick<Shell, 'language'>,
  programs: ReadonlySet<string>,
): boolean {
  if (language === 'python') return true;
  if (language === 'javascript') return false;
  for (const name of programNames(script)) {
    if (PYTHON.test(name) || /\.pyw?$/.test(name) || programs.has(name)) return true;
  }
  return false;
}
