/** `modelyard approvals` */
import { MEANS } from '../../../stores/approvals/approvals.js';
import { RunStore } from '../../../stores/runs/runs.js';
import { openApprovals, runToResume } from '../../../stores/approvals/waiting.js';
import { answer } from '../../answers.js';
import { JSON_FLAG } from '../../args.js';
import type { Command } from '../../command.js';
import { projectRoot } from '../../load/locate.js';
import { EXIT, stdout } from '../../output.js';
import { styleFor, wantsColours } from '../../terminal/style.js';
import { tame } from '../../terminal/text.js';
import { changedLine, factLines } from '../../terminal/words.js';

export const approvals: Command = {
  name: 'approvals',
  summary: 'What runs wait for people to approve.',
  usage: 'approvals [--json]',
  examples: ['approvals'],
  flags: JSON_FLAG,
  most: 0,
  run(args) {
    const store = RunStore.open(projectRoot(args));
    const waiting = openApprovals(store);
    if (args.flag('json')) {
      const shown = waiting.map(({ state, path, attended }) => ({
        ...state.request,
        path,
        attended,
        ...(state.status === 'expired' ? { expired: true as const } : {}),
        missing: state.missing,
        answers: state.answers,
      }));
      answer('approvals', { approvals: shown });
      return Promise.resolve(EXIT.ok);
    }
    if (waiting.length === 0) stdout.line('Nothing waits for an approval.');
    const style = styleFor(wantsColours(process.stdout.isTTY));
    for (const { state } of waiting) {
      const { run, task, pipeline, who, count, expiresAt, prompt, environment, changed } = state.request;
      const people = who.length === 0 ? 'anybody' : who.join(', ');
      const needed = count === 1 ? people : `${state.missing} of ${people}`;
      const until = expiresAt === undefined ? '' : `, until ${expiresAt}`;
      const where = environment === undefined ? '' : ` (${environment} demands it)`;
      stdout.line(`${style.bold(`${pipeline} › ${task}`)}${where}  ${style.dim(`${needed}${until}`)}`);
      if (changed !== undefined) stdout.line(`  ${style.yellow(changedLine(changed))}`);
      for (const one of prompt.split('\n')) stdout.line(`  ${tame(one, false)}`);
      for (const one of factLines(state.request, style)) stdout.line(`  ${tame(one, style.colours)}`);
      if (state.status === 'expired') {
        const read = store.read(run);
        const next = read.ok ? runToResume(store, read.run) : state.request;
        const id = 'id' in next ? next.id : run;
        const means = MEANS[state.request.onTimeout];
        stdout.line(`  ${style.yellow(`time is up, which ${means}: resume the run to let it count`)}`);
        stdout.line(style.dim(`  modelyard run ${next.pipeline} --resume ${id}`));
        continue;
      }
      stdout.line(style.dim(`  modelyard approve ${run} ${task}`));
    }
    return Promise.resolve(EXIT.ok);
  },
};
