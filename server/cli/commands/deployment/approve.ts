/** `modelyard approve|reject [RUN] [TASK]` */
import { defined } from '../../../base/defined.js';
import { userAndHost } from '../../../stores/machine/user.js';
import { RunApprovals, lateWords } from '../../../stores/approvals/approvals.js';
import type { RunDocument } from '../../../stores/runs/document.js';
import { RunStore } from '../../../stores/runs/runs.js';
import {
  type WaitingApproval,
  answerApproval,
  isTakenUp,
  lastDecided,
  openApprovals,
  runToResume,
} from '../../../stores/approvals/waiting.js';
import { answer } from '../../answers.js';
import { type Arguments, DRY_FLAG, type Flags, JSON_FLAG, UsageError } from '../../args.js';
import { type Command, CommandError } from '../../command.js';
import { projectRoot } from '../../load/locate.js';
import { EXIT, stderr, stdout } from '../../output.js';
import { tame } from '../../terminal/text.js';
import { say } from '../models/shared.js';

const FLAGS: Flags = {
  comment: { type: 'string', short: 'm', value: 'TEXT', help: 'Why; goes into the record.' },
  resume: { type: 'boolean', help: 'Go on with the run at once, when nobody runs it.' },
  ...JSON_FLAG,
  ...DRY_FLAG,
};

const DETAILS = `
RUN is a run's id or the end of one. RUN and TASK may be left out where only one question waits; \`modelyard approvals\`
lists them. The first answer counts: who comes later is told, and the command ends with 1.`;

function command(verdict: 'approved' | 'rejected', name: string, summary: string): Command {
  return {
    name,
    summary,
    usage: `${name} [RUN] [TASK] [--comment TEXT] [--resume]`,
    examples: [`${name} --comment "looks good" --resume`, `${name} k3f9 ship`],
    details: DETAILS,
    flags: FLAGS,
    most: 2,
    run: (args) => decide(args, verdict),
  };
}

export const approve = command('approved', 'approve', 'Approve what a run waits for.');
export const reject = command('rejected', 'reject', 'Reject what a run waits for.');

async function decide(args: Arguments, verdict: 'approved' | 'rejected'): Promise<number> {
  const root = projectRoot(args);
  const store = RunStore.open(root);
  const { run: runId, task } = questionFor(args, store);
  if (args.flag('dry')) {
    const verb = verdict === 'approved' ? 'approve' : 'reject';
    const call = { json: args.flag('json'), dry: true };
    const would = `would ${verb} ${task} (run ${runId})`;
    return verdict === 'approved'
      ? say(call, 'approve', { run: runId, task, verdict }, task, would)
      : say(call, 'reject', { run: runId, task, verdict }, task, would);
  }
  const comment = args.text('comment');
  const { user, host } = userAndHost();
  const answered = answerApproval(store, runId, task, {
    verdict,
    by: user,
    host,
    ...defined({ comment }),
  });
  if (!answered.ok) {
    const unheard = unheardRun(store, runId, task);
    if (unheard !== undefined) return letItCount(args, answered.message, unheard);
    throw new CommandError(answered.message, answered.reason === 'unknown' ? EXIT.usage : EXIT.failed);
  }
  const { state, run } = answered;
  const decided = state.status !== 'waiting';
  const attended = answered.attended && (!decided || (await isTakenUp(store, runId, task)));
  const next = runToResume(store, run);
  const resume = ['run', next.path, '--resume', next.id];
  if (args.flag('json')) {
    const { status, missing, answers } = state;
    answer(verdict === 'approved' ? 'approve' : 'reject', {
      run: runId,
      task,
      status,
      missing,
      attended,
      answers,
    });
  } else {
    const more = decided ? '' : `; ${state.missing} more ${state.missing === 1 ? 'has' : 'have'} to approve`;
    stdout.line(tame(`${verdict} ${task} of ${run.pipeline} (run ${runId})${more}`, false));
  }
  if (!decided || attended) return EXIT.ok;
  if (!args.flag('resume')) {
    stderr.line(`Nobody runs it now. Go on with: modelyard ${resume.join(' ')}`);
    return EXIT.ok;
  }
  return resumeRun(args, next);
}

/** The run to resume where a question is decided, or its time is up, and nobody who runs it has taken note of that. */
function unheardRun(store: RunStore, runId: string, task: string): RunDocument | undefined {
  const read = store.read(runId);
  if (!read.ok || read.run.status !== 'waiting' || store.isAttended(read.run)) return undefined;
  const asks = read.run.tasks.some(({ id, status }) => id === task && status === 'waiting');
  const state = asks ? new RunApprovals(store.folder(runId)).read(task) : undefined;
  return state === undefined || state.status === 'waiting' ? undefined : runToResume(store, read.run);
}

function wayToCount({ pipeline, id }: RunDocument): string {
  return ` Let that count with: modelyard run ${pipeline} --resume ${id}`;
}

/** An answer that came too late: whoever resumes the run finds out what was decided, or that nobody answered. */
async function letItCount(args: Arguments, message: string, run: RunDocument): Promise<number> {
  if (!args.flag('resume')) throw new CommandError(`${message}${wayToCount(run)}`, EXIT.failed);
  stderr.line(`modelyard: ${message}`);
  await resumeRun(args, run);
  return EXIT.failed;
}

/** Of several that want to resume a run, one does; the others leave it to that one, which sees their answers. */
async function resumeRun(args: Arguments, run: RunDocument): Promise<number> {
  const { resumeWaiting } = await import('../pipelines/run.js');
  const { TakenError } = await import('../../load/prepare.js');
  try {
    return await resumeWaiting(args, run.id);
  } catch (error) {
    if (!(error instanceof TakenError)) throw error;
    stderr.line(`Run ${run.id} is continued by another process, with this answer.`);
    return EXIT.ok;
  }
}

/** The question that is meant. */
function questionFor(args: Arguments, store: RunStore): { readonly run: string; readonly task: string } {
  const [run, task] = args.positionals;
  const known = run === undefined ? [] : store.list({ limit: 1_000 }).filter(({ id }) => id.endsWith(run));
  if (run !== undefined && task !== undefined) {
    const [only] = known;
    if (known.length > 1) throw new UsageError(`several runs end in "${run}": give more of the id`);
    return { run: only?.id ?? run, task };
  }
  const waiting = openApprovals(store).filter(
    ({ state }) => run === undefined || state.request.run.endsWith(run),
  );
  const [only] = waiting;
  if (only === undefined) {
    if (run !== undefined && known.length === 0)
      throw new CommandError(`there is no run "${run}"; \`modelyard runs list\` shows them`, EXIT.usage);
    const what =
      run === undefined
        ? 'No run of this project is waiting for an approval'
        : `Run ${run} is not waiting for an approval`;
    const decided = lastDecided(store, run);
    const why = decided === undefined ? undefined : lateWords(decided);
    if (decided === undefined || why === undefined) throw new CommandError(what, EXIT.usage);
    // Somebody was faster, a moment or a day ago.
    const unheard = unheardRun(store, decided.request.run, decided.request.task);
    const way = unheard === undefined ? '' : wayToCount(unheard);
    throw new CommandError(`${what}. In run ${decided.request.run}, ${why}${way}`, EXIT.failed);
  }
  if (waiting.length > 1) {
    throw new UsageError(`several questions wait, say which one:\n${waiting.map(line).join('\n')}`);
  }
  return { run: only.state.request.run, task: only.state.request.task };
}

function line({ state }: WaitingApproval): string {
  return `  ${state.request.run} ${state.request.task}`;
}
