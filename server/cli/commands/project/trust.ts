/** `modelyard trust`: says yes to a memory that this machine has not made. */
import { trustCopy } from '../../../runner/trust-copy.js';
import { layoutOf } from '../../../stores/layout.js';
import { memoryState } from '../../../stores/trust.js';
import { answer } from '../../answers.js';
import { DRY_FLAG, JSON_FLAG } from '../../args.js';
import { type Command, CommandError } from '../../command.js';
import { projectRoot } from '../../load/locate.js';
import { EXIT, stdout } from '../../output.js';

export const trust: Command = {
  name: 'trust',
  summary: 'Say yes to a .modelyard that came with a clone, an archive or a copy.',
  usage: 'trust [--dry] [--json]',
  examples: ['trust --dry', 'trust'],
  details: `
What lies in .modelyard is restored into the project, deleted and connected to, so that only one that was made on this
machine is used without asking. Look first: \`modelyard runs list\`, \`modelyard service list\`. For CI that restores a cache of
its own, set MODELYARD_MEMORY_KEY to a secret instead: its first command says yes.`,
  flags: { ...DRY_FLAG, ...JSON_FLAG },
  most: 0,
  run(args) {
    const layout = layoutOf(projectRoot(args));
    const dry = args.flag('dry');
    const done = dry ? { ok: true as const, before: memoryState(layout) } : trustCopy(layout);
    if (!done.ok) throw new CommandError(done.message, EXIT.failed);
    if (args.flag('json')) {
      answer('trust', { memory: layout.memory, before: done.before, applied: !dry });
      return Promise.resolve(EXIT.ok);
    }
    const said = {
      none: `there is nothing in ${layout.memory}`,
      own: `${layout.memory} was trusted already`,
      foreign: `${dry ? 'would trust' : 'trusted'} ${layout.memory}`,
    };
    stdout.line(said[done.before]);
    return Promise.resolve(EXIT.ok);
  },
};
