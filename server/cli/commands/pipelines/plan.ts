/** `modelyard plan PIPELINE`: what a run would do, and why. */
import { defined } from '../../../base/defined.js';
import { calledBy } from '../../../runner/calls/called.js';
import { type Plan, type PlannedTask, planRun } from '../../../runner/plan/plan.js';
import { answer } from '../../answers.js';
import { type Arguments, JSON_FLAG } from '../../args.js';
import { type Command, CommandError } from '../../command.js';
import { EXIT, stdout } from '../../output.js';
import { loadByName } from '../../load/load-by-name.js';
import { SELECTION_FLAGS, prepareFor, withWayOut } from '../../load/prepare.js';
import { SUMMARY_FLAG, planMarkdown, summaryFile } from '../../terminal/summary.js';
import { planWords, pythonWords } from '../../terminal/words.js';
import { type Style, styleFor, wantsColours } from '../../terminal/style.js';
import { estimateWords } from '../../../base/format.js';
import { fit, pad, width } from '../../terminal/text.js';

export const plan: Command = {
  name: 'plan',
  summary: 'Say what a run would do now, and why.',
  usage: 'plan [PIPELINE] [flags]',
  examples: ['plan rain-train', 'plan rain-train --param epochs=300', 'plan --only evaluate --force'],
  flags: { ...SELECTION_FLAGS, ...SUMMARY_FLAG, ...JSON_FLAG },
  most: 1,
  run: showPlan,
};

/** Also what `run --dry` shows. */
export async function showPlan(args: Arguments): Promise<number> {
  const prepared = await prepareFor(args);
  const { resume } = prepared;
  const result = await planRun(prepared.root, prepared.compiled.pipeline, {
    params: prepared.params,
    places: prepared.compiled.places,
    ...prepared.selection,
    force: prepared.flags.force,
    noCache: prepared.flags.noCache,
    called: await calledBy(prepared.compiled.pipeline, (name) => loadByName(prepared.root, name)),
    place: prepared.place,
    ...defined({
      features: prepared.features,
      resume,
      noRunCache: prepared.flags.noRunCache,
      allowMissing: prepared.flags.allowMissing,
    }),
  });
  if (result.problem !== undefined) throw new CommandError(withWayOut(result.problem, prepared), EXIT.usage);
  summaryFile(args)?.(planMarkdown(prepared.compiled.pipeline.name, result.tasks));
  if (args.flag('json')) {
    const { tasks, estimate } = result;
    answer('plan', { pipeline: prepared.compiled.pipeline.name, tasks, ...defined({ estimate }) });
    return EXIT.ok;
  }
  const style = styleFor(wantsColours(process.stdout.isTTY));
  for (const line of planLines(result, style)) stdout.line(line);
  return EXIT.ok;
}

const WORDS: Readonly<Record<PlannedTask['decision'], string>> = {
  run: 'run',
  restore: 'restore',
  'up-to-date': 'up to date',
  skip: 'skip',
  unknown: 'unknown',
};

function planLines({ tasks, estimate }: Pick<Plan, 'tasks' | 'estimate'>, style: Style): string[] {
  const columns = Math.min(40, Math.max(0, ...tasks.map((task) => width(task.id))));
  const paint = {
    run: style.blue,
    restore: style.cyan,
    'up-to-date': style.green,
    skip: style.dim,
    unknown: style.yellow,
  };
  const lines = tasks.flatMap((task) => {
    const word = paint[task.decision](pad(WORDS[task.decision], 10));
    const line = `${pad(fit(task.id, columns), columns)}  ${word}  ${style.dim(task.reasons.join('; '))}`;
    const aside =
      task.setsAside === undefined
        ? []
        : [
            `  sets aside ${task.setsAside.join(', ')}: no run is known to have made it (see \`modelyard trash\`)`,
          ];
    return [line.trimEnd(), ...aside.map(style.yellow)];
  });
  return [
    ...lines,
    ...pythonLines(tasks).map(style.dim),
    ...shellLines(tasks).map(style.dim),
    `${planWords(tasks)}${estimate === undefined ? '' : `: ${estimateWords(estimate)}`}`,
  ];
}

/** That commands run in `cmd`, which is so where a Windows has no Git, or the author wants it. */
function shellLines(tasks: readonly PlannedTask[]): string[] {
  const inCmd = tasks.filter(({ fingerprint }) =>
    fingerprint?.parts.some(({ kind, value }) => kind === 'shell' && value === 'cmd'),
  );
  if (inCmd.length === 0) return [];
  const names = inCmd.length === tasks.length ? '' : `: ${inCmd.map(({ task }) => task).join(', ')}`;
  return [`Commands run in cmd${names}`];
}

/** Each interpreter once, with who says that it is this one. */
function pythonLines(tasks: readonly PlannedTask[]): string[] {
  const lines = new Map<string, Set<string>>();
  for (const { python, task } of tasks) {
    if (python === undefined) continue;
    const line = pythonWords(python);
    lines.set(line, (lines.get(line) ?? new Set()).add(task));
  }
  if (lines.size === 1) return [...lines.keys()];
  return [...lines].map(([line, names]) => `${line}: ${[...names].join(', ')}`);
}
