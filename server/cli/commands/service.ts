/** `modelyard service …`: services from a terminal. */
import type { Command } from '../command.js';
import { type Subcommands, describeSubcommands, runSubcommand } from '../subcommands.js';
import { abort, promote, restart, rollback, start, stop, traffic } from './service-orders.js';
import { alerts, history, list, logs, status } from './service-read.js';
import type { ServiceCall } from './service-shared.js';

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

export const service: Command = {
  name: 'service',
  summary: 'Services: start, stop, roll back, look at.',
  usage: `service ${Object.keys(SUBCOMMANDS).join('|')} [SERVICE] [flags]`,
  details: `
SERVICE is a name, or ENVIRONMENT/NAME where several environments have a service of that name.
Secrets that a release needs are taken from the environment of the command.

${describeSubcommands('service', SUBCOMMANDS)}`,
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
  run: (args) => runSubcommand('service', SUBCOMMANDS, args, (call) => call),
};
