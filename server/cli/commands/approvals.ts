/** `modelyard approvals` */
import { RunStore } from '../../stores/runs.js';
import { waitingApprovals } from '../../stores/waiting.js';
import type { Command } from '../command.js';
import { projectRoot } from '../locate.js';
import { EXIT, stdout } from '../output.js';
import { styleFor, wantsColours } from '../terminal/style.js';
import { tame } from '../terminal/text.js';
import { factLines } from '../terminal/words.js';

export const approvals: Command = {
  name: 'approvals',
  summary: 'What runs wait for people to approve.',
  usage: 'approvals [--json]',
  flags: { json: { type: 'boolean', help: 'As JSON.' } },
  most: 0,
  run(args) {
    const waiting = waitingApprovals(RunStore.open(projectRoot(args)));
    if (args.flag('json')) {
      const shown = waiting.map(({ state, path, attended }) => ({
        ...state.request,
        path,
        attended,
        missing: state.missing,
        answers: state.answers,
      }));
      stdout.line(JSON.stringify(shown));
      return Promise.resolve(EXIT.ok);
    }
    if (waiting.length === 0) stdout.line('Nothing waits for an approval.');
    const style = styleFor(wantsColours(process.stdout.isTTY));
    for (const { state } of waiting) {
      const { run, task, pipeline, who, count, expiresAt, prompt, environment } = state.request;
      const people = who.length === 0 ? 'anybody' : who.join(', ');
      const needed = count === 1 ? people : `${state.missing} of ${people}`;
      const until = expiresAt === undefined ? '' : `, until ${expiresAt}`;
      const where = environment === undefined ? '' : ` (${environment} demands it)`;
      stdout.line(`${style.bold(`${pipeline} › ${task}`)}${where}  ${style.dim(`${needed}${until}`)}`);
      for (const one of prompt.split('\n')) stdout.line(`  ${tame(one, false)}`);
      for (const one of factLines(state.request, style)) stdout.line(`  ${tame(one, style.colours)}`);
      stdout.line(style.dim(`  modelyard approve ${run} ${task}`));
    }
    return Promise.resolve(EXIT.ok);
  },
};
