/** `modelyard service …`: services from a terminal. */
import { type Subcommands, family } from '../../subcommands.js';
import { abort, promote, restart, rollback, start, stop, traffic } from './orders.js';
import { alerts, history, list, logs } from './read.js';
import type { ServiceCall } from './shared.js';
import { status } from './status.js';

const SUBCOMMANDS: Subcommands<ServiceCall> = {
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

export const service = family<ServiceCall>({
  name: 'service',
  summary: 'Services: start, stop, roll back, look at.',
  usage: `service ${Object.keys(SUBCOMMANDS).join('|')} [SERVICE] [flags]`,
  details: `
SERVICE is a name, or ENVIRONMENT/NAME where several environments have a service of that name.
Secrets that a release needs are taken from the environment of the command.`,
  examples: [
    'service list',
    'service status rain',
    'service start rain --release 20261123-123456-789-k3f9',
    'service traffic rain 10',
    'service rollback rain --reason "slow"',
    'service logs rain --follow',
  ],
  subcommands: SUBCOMMANDS,
  open: (call) => call,
});
