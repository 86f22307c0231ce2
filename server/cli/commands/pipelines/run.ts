/** `modelyard run PIPELINE` */
import { fstatSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import { parseDuration } from '../../../definition/text/units.js';
import { RunControl } from '../../../runner/execute/control.js';
import type { EventSink } from '../../../stores/runs/events.js';
import { missingSecrets, secretsFrom } from '../../../definition/secrets.js';
import { environmentWithFiles } from '../../../runner/resolve/env-files.js';
import { secretNames } from '../../../runner/resolve/secrets.js';
import { debugSettings } from '../../../python/debugger.js';
import { runPipeline } from '../../../runner/run.js';
import type { RunOptions } from '../../../runner/run-options.js';
import { RunStore, taskLogName } from '../../../stores/runs/runs.js';
import { type Arguments, UsageError } from '../../args.js';
import { type Command, CommandError } from '../../command.js';
import { EXIT, stderr, stdout } from '../../output.js';
import { loadBegun } from '../../load/begun.js';
import { loadByName } from '../../load/load-by-name.js';
import {
  type Prepared,
  RESUME_FLAGS,
  SELECTION_FLAGS,
  STAGE_FLAGS,
  TakenError,
  prepareFor,
  prepareWaiting,
  withWayOut,
} from '../../load/prepare.js';
import { readMetricsFile } from '../../load/read-metrics.js';
import { plainSink } from '../../terminal/plain.js';
import { styleFor, wantsColours } from '../../terminal/style.js';
import { RunSummary, SUMMARY_FLAG, summaryFile } from '../../terminal/summary.js';

const DEFAULT_GRACE_MS = 5_000;

export const run: Command = {
  name: 'run',
  summary: 'Run what is not up to date.',
  usage: 'run [PIPELINE] [flags]',
  examples: [
    'run rain-train -j 4 --param epochs=300',
    'run rain-train --only evaluate',
    'run rain-train --resume',
    'run rain-train --watch',
    'run rain-train --only train --debug',
  ],
  details: `
Tasks whose commands, params, inputs and outputs are as they were are left alone or restored from the cache; the
others run, in parallel where nothing keeps them apart. Ctrl-C ends the run politely, a second one at once.

Where a task waits for people, everything else goes on. When nothing else is left, the person before the terminal is
asked; elsewhere the command ends with 3, and the run goes on with --resume once \`modelyard approve\` was called. With
--wait it stays until all is answered.

With --watch what became stale is run again as files are saved: definition, params, inputs. A change cancels the run only where
what runs is out of date by it; there is never more than one run at once.

With --debug the Python of the task, started as its commands start it, waits for a debugger and says where: a client of the Debug Adapter Protocol attaches
to that port. It needs debugpy in the task's environment. The run is recorded, and is neither cached nor resumed, nor what the next plan goes by.`,
  flags: {
    ...SELECTION_FLAGS,
    ...STAGE_FLAGS,
    jobs: { type: 'string', short: 'j', value: 'N', help: 'Tasks at once. Default: one per core.' },
    'keep-going': {
      type: 'boolean',
      short: 'k',
      help: 'After a failure, keep running what does not depend on it.',
    },
    ...RESUME_FLAGS,
    watch: {
      type: 'boolean',
      help: 'Stay, and run again what became stale whenever a file is saved that the pipeline reads. Ctrl-C ends it.',
    },
    debug: {
      type: 'boolean',
      help: 'With --only: its Python waits for a debugger and runs under it. What comes of it counts for nothing.',
    },
    dry: { type: 'boolean', help: 'Only say what would be done, and why.' },
    grace: { type: 'string', value: 'S', help: 'Seconds that tasks get to end after Ctrl-C. Default: 5.' },
    wait: {
      type: 'boolean',
      help: 'Wait for people who have to approve something, and for runs that hold the same outputs.',
    },
    'no-wait': {
      type: 'boolean',
      help: 'Wait for nobody: fail where others hold an output, leave where people have to approve.',
    },
    ...SUMMARY_FLAG,
    json: { type: 'boolean', help: 'Print events, one JSON object a line.' },
  },
  most: 1,
  async run(args) {
    if (args.flag('dry')) {
      if (args.flag('watch')) throw new UsageError('--watch and --dry exclude each other');
      const { showPlan } = await import('./plan.js');
      return showPlan(args);
    }
    if (args.flag('debug')) {
      if (args.list('only').length !== 1) throw new UsageError('--debug takes one task: name it with --only');
      const others = ['resume', 'watch', 'dry', 'from', 'to'].filter(
        (one) => args.flag(one) || args.text(one) !== undefined,
      );
      if (others[0] !== undefined) throw new UsageError(`--debug and --${others[0]} exclude each other`);
    }
    if (args.flag('wait') && args.flag('no-wait'))
      throw new UsageError('--wait and --no-wait exclude each other');
    if (args.flag('watch')) {
      for (const other of ['resume', 'summary']) {
        if (args.text(other) !== undefined) throw new UsageError(`--watch and --${other} exclude each other`);
      }
      const { watchRuns } = await import('../../watch/runs.js');
      return watchRuns(args, (own, prepared, control, also) =>
        execute(own, prepared, control, undefined, [also]),
      );
    }
    return execute(args, await prepareFor(args), new RunControl());
  },
};

/** Continues a run that waits, or that was interrupted, as it began. Throws a `TakenError` where another process does already. */
export async function resumeWaiting(args: Arguments, id: string): Promise<number> {
  return execute(args, await prepareWaiting(args, id, ['waiting', 'interrupted']), new RunControl());
}

/**
 * Ends a run that waits for people and that nobody runs: what is there to clean up behind it (`if: always()`,
 * `if: cancelled()`) runs now.
 *
 * @param args of whichever command asks for it
 */
export async function cancelWaiting(args: Arguments, id: string): Promise<number> {
  const prepared = await prepareWaiting(args, id);
  const control = new RunControl();
  control.cancel();
  // With --json the answer is that of the command that asks for it.
  return execute(args, prepared, control, args.flag('json') ? () => undefined : undefined);
}

async function execute(
  args: Arguments,
  prepared: Prepared,
  control: RunControl,
  sink?: EventSink,
  also: readonly EventSink[] = [],
): Promise<number> {
  const options = await optionsFor(args, prepared, control);
  const summarize = summaryFile(args);
  const told = summarize === undefined ? undefined : new RunSummary();
  const restore = catchSignals(control);
  try {
    const outcome = await runPipeline(options, [
      sink ?? (await sinkFor(args, prepared.root)),
      ...(told === undefined ? [] : [told.sink]),
      ...also,
    ]);
    if (told !== undefined) summarize?.(told.lines());
    if (outcome.kind === 'refused') {
      if (outcome.reason === 'taken') throw new TakenError(outcome.message, EXIT.failed);
      if (outcome.reason === 'usage')
        throw new CommandError(withWayOut(outcome.message, prepared), EXIT.usage);
      throw new CommandError(outcome.message, EXIT.failed);
    }
    if (outcome.kind === 'waiting') return EXIT.waiting;
    return { succeeded: EXIT.ok, failed: EXIT.failed, cancelled: EXIT.cancelled }[outcome.status];
  } finally {
    restore();
    // As everyone whose terminal is gone; and Node would crash on putting that terminal back as it was.
    if (control.hungUp.aborted && process.stdin.isTTY) process.kill(process.pid, 'SIGHUP');
  }
}

/** What `run` asks the runner for. @throws what can be said before a run: `UsageError`, `CommandError` */
export async function optionsFor(
  args: Arguments,
  prepared: Prepared,
  control: RunControl,
): Promise<RunOptions> {
  const { root, compiled, texts, features, params, selection, flags, resume, basis, notices } = prepared;
  return {
    root,
    pipeline: compiled.pipeline,
    definitionHash: compiled.definitionHash,
    texts,
    ...defined({ features }),
    params,
    secrets: secretsFor(prepared),
    environment: process.env,
    ...flags,
    ...(args.flag('debug') ? { debug: debugSettings(process.env), force: true, noCache: true, jobs: 1 } : {}),
    graceMs: graceOf(args),
    wait: !args.flag('no-wait'),
    approvals: await approvalsFor(args),
    ...defined({ resume, basis, notices }),
    ...selection,
    argv: process.argv.slice(2),
    control,
    leave: () => {
      process.removeAllListeners('SIGHUP');
      process.kill(process.pid, 'SIGHUP');
    },
    cache: compiled.cache,
    trash: compiled.trash,
    places: compiled.places,
    load: (name) => loadByName(root, name, features === undefined ? undefined : basis),
    loadBegun,
    place: prepared.place,
    readMetrics: readMetricsFile,
    tracking: async (onProblem) => {
      const { taskTracking } = await import('../../tracking/task-tracking.js');
      return taskTracking(root, onProblem);
    },
  };
}

function graceOf(args: Arguments): number {
  const text = args.text('grace');
  if (text === undefined) return DEFAULT_GRACE_MS;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new UsageError(`--grace takes seconds, not "${text}"`);
  return parsed.value;
}

/** Every secret that is asked for has to be there before anything starts. */
function secretsFor({ root, compiled, selection }: Prepared): Readonly<Record<string, string>> {
  const { pipeline } = compiled;
  const names =
    selection.only === undefined
      ? secretNames(pipeline)
      : secretNames({
          ...pipeline,
          tasks: pipeline.tasks.filter((task) =>
            selection.only?.some((one) => one.split('@')[0] === task.name),
          ),
        });
  const { values, missing } = secretsFrom(
    names,
    compiled.places.secrets,
    environmentWithFiles(root, pipeline, process.env),
  );
  if (missing.length > 0) throw new CommandError(missingSecrets(missing), EXIT.usage);
  return values;
}

/** The first signal asks the run to end, the second one ends it. */
function catchSignals(control: RunControl): () => void {
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];
  const cancel = (): void => {
    const again = control.cancelled.aborted;
    stderr.line(
      again
        ? 'modelyard: ending everything at once'
        : 'modelyard: cancelling; once more ends everything at once',
    );
    control.cancel();
  };
  for (const signal of signals) process.on(signal, cancel);
  // A window that is closed must not end what only waits for people.
  const hangUp = (): void => control.hangUp();
  process.on('SIGHUP', hangUp);
  return () => {
    for (const signal of signals) process.off(signal, cancel);
    process.off('SIGHUP', hangUp);
  };
}

/** People are asked here when somebody sits before the terminal and nobody reads along. */
async function approvalsFor(args: Arguments): Promise<RunOptions['approvals']> {
  const stay = args.flag('wait');
  if (args.flag('json') || args.flag('no-wait') || !mayBeTerminal()) return { stay };
  const { isTerminal } = await import('../../terminal/table.js');
  if (!isTerminal() || !process.stdin.isTTY) return { stay };
  const { askInTerminal } = await import('../../terminal/ask.js');
  return { stay, ask: askInTerminal };
}

async function sinkFor(args: Arguments, root: string): Promise<EventSink> {
  if (args.flag('json')) {
    const { jsonSink } = await import('../../terminal/json.js');
    return jsonSink(stdout);
  }
  const store = RunStore.open(root);
  const logOf = (runId: string, task: string): string =>
    path.relative(process.cwd(), path.join(store.folder(runId), taskLogName(task)));
  const table = mayBeTerminal() ? await import('../../terminal/table.js') : undefined;
  const terminal = table?.isTerminal() === true;
  const style = styleFor(wantsColours(terminal));
  const inCi = (process.env['CI'] ?? '') !== '' && process.env['CI'] !== 'false';
  if (table !== undefined && terminal && process.env['TERM'] !== 'dumb' && !inCi) {
    return table.tableSink(stdout, table.processScreen(), style, logOf);
  }
  return plainSink(stdout, style, logOf);
}

/** Tells a file or a pipe from what may be a terminal without loading what Node needs for terminals. */
function mayBeTerminal(): boolean {
  try {
    return fstatSync(1).isCharacterDevice();
  } catch {
    return false;
  }
}
