/** The Python of each task of a pipeline: which it is, whether its commands use it, and what of it counts. */
import { defined } from '../../base/defined.js';
import type { Pipeline, Task, TemplateText } from '../../definition/definition.js';
import { type PythonWish, pythonWish, usesPython } from '../../definition/python/python.js';
import { programNames } from '../../definition/shell/commands.js';
import { scriptOf } from '../../definition/shell/shell.js';
import { shellOfTask } from '../../definition/shell/shells.js';
import { type Choice, type PythonSource, Pythons } from '../../python/choose.js';
import { type PythonPackages, packagesOf } from '../../python/packages.js';
import { PLATFORM, binFolders, minorOf, programsOf } from '../../python/python.js';
import type { FingerprintPart } from '../../stores/runs/document.js';
import type { RunSettings } from '../resolve/places.js';
import { systemShell, findProgram } from '../execute/shells.js';

export interface TaskPython {
  /** Absent: its commands are no business of Python, or there is none. */
  readonly choice?: Choice;
  /** Its commands are seen to use it, or the task names it itself. */
  readonly uses: boolean;
  /** Which files it opens is to be noted. */
  readonly noteFiles?: boolean;
  /** Why it can't run, and where that is said. */
  readonly problem?: { readonly message: string; readonly span: TemplateText['span'] };
  readonly parts: readonly FingerprintPart[];
}

const NO_PYTHON: TaskPython = { uses: false, parts: [] };

export class TaskPythons {
  readonly #pipeline: Pipeline;
  readonly #settings: Pick<RunSettings, 'python' | 'shell'>;
  readonly #pythons: Pythons;
  readonly #known = new Map<Task, TaskPython>();
  readonly #programs = new Map<string, ReadonlySet<string>>();
  readonly #packages = new Map<string, PythonPackages>();

  /** @param root absolute */
  constructor(
    root: string,
    pipeline: Pipeline,
    settings: Pick<RunSettings, 'python' | 'shell'>,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.#pipeline = pipeline;
    this.#settings = settings;
    this.#pythons = new Pythons(root, environment);
  }

  of(task: Task): TaskPython {
    let found = this.#known.get(task);
    if (found === undefined) this.#known.set(task, (found = this.#find(task)));
    return found;
  }

  packages({ python }: Choice): PythonPackages {
    let found = this.#packages.get(python.path);
    if (found === undefined) this.#packages.set(python.path, (found = packagesOf(python)));
    return found;
  }

  #find(task: Task): TaskPython {
    const { action, stage } = task;
    // DVC's stages run as DVC runs them: with what the PATH has.
    if (stage !== undefined || (action?.kind !== 'run' && action?.kind !== 'notebook')) return NO_PYTHON;
    const wish = pythonWish(task, this.#pipeline, this.#settings.python);
    const chosen = this.#pythons.choose(wish);
    const shell = shellOfTask(task, this.#pipeline, this.#settings.shell ?? systemShell());
    const script = action.kind === 'run' ? scriptOf(action.commands).text : '';
    const choice = chosen.ok ? chosen.choice : undefined;
    const programs = choice === undefined ? NO_NAMES : this.#programsOf(choice);
    const uses = action.kind === 'notebook' || wish.own || usesPython(script, shell, programs);
    if (!chosen.ok) {
      // What doesn't use it needs none.
      if (!uses) return { ...NO_PYTHON, noteFiles: task.autoInputs !== undefined };
      const { line } = this.#settings.python ?? {};
      const where = chosen.source === 'project' && line !== undefined ? `modelyard.yaml:${line}: ` : '';
      const span = spanOf(chosen.source, wish) ?? task.actionSpan ?? task.nameSpan;
      return { uses, problem: { message: `${where}${chosen.message}`, span }, parts: [] };
    }
    const noteFiles = task.autoInputs !== undefined || (uses && wish.noteFiles);
    if (choice === undefined) return { uses, noteFiles, parts: [] };
    const unnamed = PLATFORM === 'windows' ? withoutName(choice, script) : undefined;
    const problem =
      unnamed === undefined ? undefined : { message: unnamed, span: task.actionSpan ?? task.nameSpan };
    return {
      choice,
      uses,
      noteFiles,
      parts: uses ? this.#parts(choice, wish) : [],
      ...defined({ problem }),
    };
  }

  #programsOf({ python }: Choice): ReadonlySet<string> {
    let found = this.#programs.get(python.path);
    if (found === undefined) this.#programs.set(python.path, (found = programsOf(python)));
    return found;
  }

  #parts(choice: Choice, { counts }: PythonWish): FingerprintPart[] {
    const { version } = choice.python;
    if (counts === 'nothing' || version === undefined) return [];
    const own: FingerprintPart = { kind: 'python', name: 'version', value: minorOf(version) };
    if (counts === 'version') return [own];
    const packages = Object.entries(this.packages(choice));
    return [
      own,
      ...packages.map(([name, value]): FingerprintPart => ({
        kind: 'python',
        name: `package ${name}`,
        value,
      })),
    ];
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();

function spanOf(source: PythonSource, { asked }: PythonWish): TemplateText['span'] | undefined {
  return source === 'task' || source === 'pipeline' ? asked?.what.span : undefined;
}

/** On Windows environments have no `python3`, and another one would be found. */
function withoutName({ python, name, source }: Choice, script: string): string | undefined {
  if (source === 'path' || !programNames(script).has('python3')) return undefined;
  const PATH = binFolders(python).join(';');
  return findProgram('python3', { PATH }) === undefined
    ? `${name} has no \`python3\`, and on Windows another one would be found: write \`python\``
    : undefined;
}
