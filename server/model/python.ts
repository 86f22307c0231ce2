/** Which Python a task asks for and how much of it counts, and whether its commands use Python at all. */
import type { Pipeline, ProjectSettings, Task } from './definition.js';
import type { Located } from './pieces.js';
import type { PythonCounts } from './python-counts.js';
import type { Shell } from './shells.js';

/** Whose word it is. */
export type PythonLevel = 'task' | 'pipeline' | 'project';

/** What holds for one task: of each setting the nearest word. */
export interface PythonWish {
  /** Absent: nobody says it. */
  readonly asked?: { readonly level: PythonLevel; readonly what: Located<string>; readonly conda: boolean };
  readonly counts: PythonCounts;
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
    own: task.python !== undefined,
  };
}

const PYTHON =
  /^(?:python(?:3(?:\.\d{1,2})?)?|pip3?|ipython3?|pytest|jupyter|papermill|torchrun|accelerate|ray|mlflow)(?:\.exe)?$/;
/** After these the command proper follows. */
const BEFORE_COMMAND: ReadonlySet<string> = new Set(
  'if then elif else do while until time exec env nice nohup command xargs srun mpirun sudo timeout run call start ! uv poetry pixi conda'.split(
    ' ',
  ),
);
const TOKEN =
  /#|[;&|()`\n{}]|[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|[^\s;&|()`"'])*|["']|[^\s;&|()`{}"'#][^\s;&|()`{}"']*/g;

/** The names of the programs that a script starts, as far as that can be told by looking; for hints and no more. */
export function commandNames(script: string): ReadonlySet<string> {
  const names = new Set<string>();
  let start = true;
  let after = false;
  let comment = false;
  let dash = false;
  for (const [token] of script.matchAll(TOKEN)) {
    if (comment && token !== '\n') continue;
    comment = token === '#';
    if (comment) continue;
    if (/^[;&|()`\n{}]$/.test(token)) {
      start = true;
      after = false;
    } else if (token === '"' || token === "'") {
      // `bash -c "python x.py"`
      if (dash) start = true;
    } else if (start && !/^[A-Za-z_]\w*=/.test(token)) {
      const name = token.slice(Math.max(token.lastIndexOf('/'), token.lastIndexOf('\\')) + 1);
      if (BEFORE_COMMAND.has(name)) after = true;
      else if (!after || !/^-|^\d/.test(token)) {
        names.add(name);
        start = false;
      }
    }
    dash = token === '-c';
  }
  return names;
}

/** @param programs what else the environment of the interpreter has in its `bin` */
export function usesPython(
  script: string,
  { language }: Pick<Shell, 'language'>,
  programs: ReadonlySet<string>,
): boolean {
  if (language === 'python') return true;
  if (language === 'javascript') return false;
  for (const name of commandNames(script)) {
    if (PYTHON.test(name) || /\.pyw?$/.test(name) || programs.has(name)) return true;
  }
  return false;
}
