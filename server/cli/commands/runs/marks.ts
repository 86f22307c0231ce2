/** `modelyard runs tag|note|star|archive`: what people say of runs. */
import { plural } from '../../../base/format.js';
import { type MarksChange, type RunMarks, changeProblem } from '../../../stores/runs/marks.js';
import { marksOfRun } from '../../../stores/runs/index/summary.js';
import { answer } from '../../answers.js';
import { DRY_FLAG, type Flags, JSON_FLAG, UsageError } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT, stdout } from '../../output.js';
import type { SubcommandOf, Subcommands } from '../../subcommands.js';
import { tame } from '../../terminal/text.js';
import { say } from '../models/shared.js';
import { PIPELINE, type RunsCall, readRun } from './shared.js';

const MOST_RUNS = 1_000;

const FLAGS: Flags = {
  ...JSON_FLAG,
  ...DRY_FLAG,
  ...PIPELINE,
  remove: { type: 'boolean', help: 'Take it away again.' },
};

const tag: SubcommandOf<RunsCall> = {
  usage: 'tag RUN TAG[=VALUE]… [--remove] [--dry]',
  summary: 'Sets tags of a run, or removes them.',
  flags: FLAGS,
  least: 2,
  most: 101,
  run(call) {
    const [word, ...texts] = call.words;
    const run = readRun(call, word);
    const tags = texts.map(tagOf);
    const keys = tags.map(([key]) => key);
    if (!call.args.flag('remove'))
      return change(
        call,
        'tag',
        [run.id],
        { tags: Object.fromEntries(tags) },
        `tagged ${run.id}: ${texts.join(', ')}`,
      );
    const { tags: own = {} } = call.store.marks(run.id);
    for (const key of keys) {
      if (Object.hasOwn(own, key)) continue;
      const isTold = Object.hasOwn(marksOfRun(run, {}).tags ?? {}, key);
      const why = isTold ? `its tag "${key}" was set by an MLflow client` : `it has no tag "${key}"`;
      throw new CommandError(`run ${run.id}: ${why}`, EXIT.usage);
    }
    return change(call, 'tag', [run.id], { untag: keys }, `removed from ${run.id}: ${keys.join(', ')}`);
  },
};

/** `keep`, `owner=ada` */
function tagOf(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

const note: SubcommandOf<RunsCall> = {
  usage: 'note RUN [TEXT] [--remove] [--dry]',
  summary: 'Writes a note on a run; without a text, shows the one it has.',
  flags: FLAGS,
  least: 1,
  most: 2,
  run(call) {
    const [word, text] = call.words;
    const run = readRun(call, word);
    const remove = call.args.flag('remove');
    if (remove && text !== undefined) throw new UsageError('say either a text or --remove');
    if (remove || text === '')
      return change(call, 'note', [run.id], { note: '' }, `removed the note of ${run.id}`);
    if (text !== undefined) return change(call, 'note', [run.id], { note: text }, `noted on ${run.id}`);
    const marks = marksOfRun(run, call.store.marks(run.id));
    if (call.json) answer('runs note', { runs: [{ run: run.id, marks }] });
    else stdout.line(tame(marks.note ?? `Run ${run.id} has no note.`, true));
    return EXIT.ok;
  },
};

/** A mark that is there or not. */
function toggle(
  name: 'star' | 'archive',
  summary: string,
  words: readonly [string, string],
): SubcommandOf<RunsCall> {
  const [done, undone] = words;
  return {
    usage: `${name} RUN… [--remove] [--dry]`,
    summary,
    flags: FLAGS,
    least: 1,
    most: MOST_RUNS,
    run(call) {
      const runs = [...new Set(call.words.map((word) => readRun(call, word).id))];
      const remove = call.args.flag('remove');
      const which = runs.length > 3 ? plural(runs.length, 'run') : runs.join(', ');
      const wanted = name === 'star' ? { star: !remove } : { archived: !remove };
      return change(call, name, runs, wanted, `${remove ? undone : done} ${which}`);
    },
  };
}

export const marks: Subcommands<RunsCall> = {
  tag,
  note,
  star: toggle('star', 'Marks runs with a star.', ['starred', 'took the star from']),
  archive: toggle('archive', 'Leaves runs out of lists; nothing of them is deleted.', [
    'archived',
    'put back',
  ]),
};

/** Of several runs all or none, as far as that can be known before. */
function change(
  call: RunsCall,
  name: 'tag' | 'note' | 'star' | 'archive',
  runs: readonly string[],
  wanted: MarksChange,
  text: string,
): number {
  const wrong = changeProblem(wanted);
  if (wrong !== undefined) throw new CommandError(wrong, EXIT.usage);
  const made: { run: string; marks: RunMarks }[] = [];
  for (const run of runs) {
    const done = call.dry
      ? { ok: true as const, marks: call.store.marks(run, wanted) }
      : call.store.mark(run, wanted);
    if (!done.ok) throw new CommandError(done.problem.message, EXIT.failed);
    made.push({ run, marks: done.marks });
  }
  return say(call, `runs ${name}`, { runs: made }, text, `would have ${text}`);
}
