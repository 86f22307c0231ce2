/** What the subcommands of `modelyard runs` share: which run is meant, and how its status is shown. */
import { defined } from '../../../base/defined.js';
import type { RunDocument } from '../../../stores/runs/document.js';
import { LIVE_STATUSES } from '../../../stores/runs/index/summary.js';
import type { RunStore } from '../../../stores/runs/runs.js';
import type { Flags } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT } from '../../output.js';
import type { ProjectCall } from '../../subcommands.js';
import type { Style } from '../../terminal/style.js';
import { pad } from '../../terminal/text.js';

export interface RunsCall extends ProjectCall {
  readonly store: RunStore;
}

export const PIPELINE: Flags = {
  pipeline: { type: 'string', value: 'NAME', help: 'Only runs of this pipeline.' },
};

/**
 * The run that a word means: an id, the end of one that no other has, or the newest run.
 *
 * @param word absent: the newest run
 * @param live where no run is named, the newest one that goes on rather than one that has ended
 */
export function idFor({ args, store }: RunsCall, word: string | undefined, live = false): string {
  const pipeline = args.text('pipeline');
  const recent = store.list({ limit: 1_000, ...defined({ pipeline }) });
  if (word === undefined || word === 'latest') {
    const [newest] = recent;
    if (newest === undefined)
      throw new CommandError('there are no runs yet: `modelyard run` starts one', EXIT.usage);
    return (live ? recent.find(({ status }) => LIVE_STATUSES.has(status)) : undefined)?.id ?? newest.id;
  }
  const found = recent.filter(({ id }) => id === word || id.endsWith(word));
  if (found.length > 1)
    throw new CommandError(
      `several runs end in "${word}": give more of the id (\`modelyard runs list\`)`,
      EXIT.usage,
    );
  return found[0]?.id ?? word;
}

/** As `idFor`; ends the command with 2 where there is no such run, or it can't be read. */
export function readRun(call: RunsCall, word: string | undefined, live = false): RunDocument {
  const read = call.store.read(idFor(call, word, live));
  if (!read.ok) throw new CommandError(read.problem.message, EXIT.usage);
  return read.run;
}

export function statusWord(status: string, style: Style, columns = 0): string {
  const paint =
    status === 'succeeded' || status === 'cached'
      ? style.green
      : status === 'failed'
        ? style.red
        : status === 'running'
          ? style.blue
          : style.yellow;
  return paint(pad(status, columns));
}
