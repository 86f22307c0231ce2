/** `modelyard service …`: services from a terminal. */
import { type Arguments, UsageError, closest } from '../args.js';
import type { Command } from '../command.js';
import { projectRoot } from '../locate.js';
import { styleFor, wantsColours } from '../terminal/style.js';
import { abort, promote, restart, rollback, start, stop, traffic } from './service-orders.js';
import { alerts, history, list, logs, status } from './service-read.js';
import type { ServiceSubcommand } from './service-shared.js';

const SUBCOMMANDS: Readonly<Record<string, ServiceSubcommand>> = {
  list,
  start,
  stop,
  restart,
  status,
  rollback,
  promote,
  abort,
  traffic,
  history,
  alerts,
  logs,
};

export const service: Command = {
  name: 'service',
  summary: 'Services: start, stop, roll back, look at.',
  usage: `service ${Object.keys(SUBCOMMANDS).join('|')} [SERVICE] [flags]`,
  details: `
SERVICE is a name, or ENVIRONMENT/NAME where several environments have a service of that name.
Secrets that a release needs are taken from the environment of the command.

${Object.values(SUBCOMMANDS)
  .map(({ usage, summary }) => `  service ${usage}\n      ${summary}`)
  .join('\n')}`,
  flags: {
    environment: { type: 'string', short: 'e', value: 'E', help: 'The environment of the service.' },
    release: { type: 'string', value: 'ID', help: 'start: the release.' },
    port: { type: 'string', value: 'N', help: 'start: the public port.' },
    host: { type: 'string', value: 'ADDRESS', help: 'start: the address to listen on. Default: 127.0.0.1.' },
    traffic: { type: 'string', value: 'PERCENT', help: 'start: as a canary with this share of the traffic.' },
    replicas: { type: 'string', value: 'N', help: 'start: so many processes.' },
    grace: {
      type: 'string',
      value: 'TIME',
      help: 'start: a release has so long to become ready. Default: 30s.',
    },
    drain: {
      type: 'string',
      value: 'TIME',
      help: 'start: requests have so long to end before their process is stopped. Default: 15s.',
    },
    reason: { type: 'string', value: 'TEXT', help: 'Why; goes into the history.' },
    limit: { type: 'string', value: 'N', help: 'status, history, alerts: at most so many events.' },
    lines: { type: 'string', value: 'N', help: 'logs: the last so many lines. Default: 100.' },
    follow: { type: 'boolean', short: 'f', help: 'logs: go on with what comes.' },
    json: { type: 'boolean', help: 'As JSON.' },
  },
  most: 3,
  run,
};

async function run(args: Arguments): Promise<number> {
  const [word = 'list', ...words] = args.positionals;
  const subcommand = Object.hasOwn(SUBCOMMANDS, word) ? SUBCOMMANDS[word] : undefined;
  if (subcommand === undefined) {
    const names = Object.keys(SUBCOMMANDS);
    const like = closest(word, names);
    throw new UsageError(
      `there is no "service ${word}"${like === undefined ? '' : `; did you mean "${like}"?`} (${names.join(', ')})`,
    );
  }
  if (words.length < subcommand.least || words.length > subcommand.most) {
    throw new UsageError(`usage: modelyard service ${subcommand.usage}`);
  }
  return subcommand.run({
    args,
    words,
    root: projectRoot(args),
    style: styleFor(wantsColours(process.stdout.isTTY)),
    json: args.flag('json'),
  });
}
