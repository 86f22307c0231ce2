/** `modelyard inputs TASK`: what a task was seen to read, beside what it declares. */
import { defined } from '../../../base/defined.js';
import type { OpenedFiles } from '../../../base/runs/task-outcome.js';
import type { Pipeline, Task } from '../../../definition/definition.js';
import { openedAndDeclared } from '../../../definition/graph/opened.js';
import { didYouMean, similar } from '../../../definition/names/names.js';
import { RunStore } from '../../../stores/runs/runs.js';
import { type Answers, answer } from '../../answers.js';
import { type Arguments, JSON_FLAG } from '../../args.js';
import { type Command, CommandError } from '../../command.js';
import { loadPipeline } from '../../load/compiled.js';
import { type Place, locate, projectRoot } from '../../load/locate.js';
import { EXIT, stderr, stdout } from '../../output.js';
import { printDiagnostics } from '../../place.js';
import { styleFor, wantsColours } from '../../terminal/style.js';
import { pad } from '../../terminal/text.js';

/** So many of the newest runs are looked through. */
const MOST_RUNS = 200;

export const inputs: Command = {
  name: 'inputs',
  summary: 'Show what a task was seen to read, beside its declared inputs.',
  usage: 'inputs TASK [--pipeline NAME] [--json]',
  examples: ['inputs train', 'inputs train --pipeline rain-train'],
  details: `
While a task runs that uses Python on this machine, files of the project that it opens are noted, local modules included. This shows those of the last
time, and which of them no input of the task covers: they can change, and the task counts as up to date.

What other programs open, and what C++ code or SQLite opens, is not seen. \`python: { note-files: false }\` turns it off.`,
  flags: {
    pipeline: { type: 'string', value: 'NAME', help: 'The pipeline; not needed where there is one only.' },
    ...JSON_FLAG,
  },
  least: 1,
  most: 1,
  async run(args) {
    const [name = ''] = args.positionals;
    const place = await placeOf(args, name);
    const loaded = await loadPipeline(place.root, place.relative);
    if (!loaded.ok) {
      printDiagnostics(stderr, loaded.diagnostics);
      throw new CommandError(loaded.message, EXIT.usage, loaded.diagnostics);
    }
    const { pipeline } = loaded.compiled;
    const task = pipeline.tasks.find((one) => one.name === name.split('@')[0]);
    if (task === undefined) {
      const names = pipeline.tasks.map((one) => one.name);
      const hint = didYouMean(similar(name, names));
      throw new CommandError(
        `${pipeline.name} has no task "${name}".${hint} Known: ${names.join(', ')}`,
        EXIT.usage,
      );
    }
    const found = lastSeen(RunStore.open(place.root), pipeline, name);
    const seen = compare(pipeline, task, found);
    if (args.flag('json')) answer('inputs', seen);
    else for (const line of linesOf(seen, found)) stdout.line(line);
    return EXIT.ok;
  },
};

/** The pipeline; where there is none, the task is named as well. */
async function placeOf(args: Arguments, task: string): Promise<Place> {
  projectRoot(args);
  try {
    return await locate(args, args.text('pipeline'));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(`no task "${task}": ${error.message}`, error.exitCode);
  }
}

interface Seen {
  readonly run: string;
  readonly opened: OpenedFiles;
}

/** Of a task with a matrix those of all of its cells in one run. @param name of the task, or of one cell */
function lastSeen(store: RunStore, pipeline: Pipeline, name: string): Seen | undefined {
  for (const { id } of store.list({ limit: MOST_RUNS, pipeline: pipeline.name, source: 'pipeline' })) {
    const read = store.read(id);
    if (!read.ok) continue;
    const all = read.run.tasks.flatMap((task) =>
      (task.id === name || task.task === name) && task.opened !== undefined ? [task.opened] : [],
    );
    if (all.length === 0) continue;
    const united = (key: 'read' | 'written'): string[] => [...new Set(all.flatMap((one) => one[key]))].sort();
    const more = all.reduce((sum, one) => sum + (one.more ?? 0), 0);
    return {
      run: id,
      opened: { read: united('read'), written: united('written'), ...(more === 0 ? {} : { more }) },
    };
  }
  return undefined;
}

function compare(pipeline: Pipeline, task: Task, seen: Seen | undefined): Answers['inputs'] {
  const { declared, read, written } = openedAndDeclared(task, seen?.opened ?? { read: [], written: [] });
  return {
    pipeline: pipeline.name,
    task: task.name,
    declared,
    ...defined({ run: seen?.run }),
    // With `inputs: auto` what is read is declared, whatever it is.
    read: task.autoInputs === undefined ? read : read.map((one) => ({ by: 'auto', ...one })),
    written,
    unread: seen === undefined ? [] : declared.filter((one) => !read.some(({ by }) => by === one)),
  };
}

function linesOf(
  { task, declared, run, read, written, unread }: Answers['inputs'],
  seen: Seen | undefined,
): string[] {
  const style = styleFor(wantsColours(process.stdout.isTTY));
  if (run === undefined) {
    return [
      ...declared.map((one) => `${pad('declared', 9)} ${one}`),
      `No run has noted what ${task} opens: that is done while its commands run Python on this machine.`,
    ];
  }
  const columns = Math.min(60, Math.max(0, ...read.map(({ path }) => path.length)));
  const more = seen?.opened.more ?? 0;
  return [
    ...read.map(({ path, by }) =>
      `${pad('read', 9)} ${pad(path, columns)}  ${by === undefined ? style.yellow('not declared') : style.dim(by === path ? 'declared' : by)}`.trimEnd(),
    ),
    ...written.map((file) => `${pad('written', 9)} ${file}  ${style.yellow('no output')}`),
    ...unread.map((one) => `${pad('declared', 9)} ${one}  ${style.dim('not seen to be read')}`),
    ...(more === 0 ? [] : [`… and ${String(more)} more files`]),
    style.dim(`as seen in run ${run}`),
  ];
}
