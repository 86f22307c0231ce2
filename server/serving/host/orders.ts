/**
 * What an order to a host may hold. It comes from the user's own programs, but these may be older or newer than the host:
 * an order that does not fit is refused and changes nothing.
 */
import { MONITOR_SETTINGS } from '../monitor/settings.js';
import { isReleaseId } from '../places.js';
import {
  LONGEST_MS,
  flag,
  list,
  mapOf,
  milliseconds,
  misfit,
  number,
  record,
  text,
  whole,
  word,
  type Check,
} from '../shapes.js';

const port = whole(1, 65_535);
/** The name of a variable of an environment. */
const variable: Check = (value) => typeof value === 'string' && /^[^=\0]+$/.test(value);
/** What a request can ask for. */
const requestPath: Check = (value) => typeof value === 'string' && /^\/[\x21-\x7e]*$/.test(value);

interface OrderShape {
  readonly needed?: Readonly<Record<string, Check>>;
  readonly optional?: Readonly<Record<string, Check>>;
}

const COMMON = {
  cause: record({ who: text }, { reason: text, run: record({ id: text, pipeline: text }) }),
  secretValues: mapOf(word, variable),
};

const ORDERS: Readonly<Record<string, OrderShape>> = {
  start: {
    optional: {
      release: (value) => typeof value === 'string' && isReleaseId(value),
      port,
      ports: record({ from: port, to: port }),
      host: (value) => word(value) && value !== '',
      probe: record(
        {},
        {
          path: requestPath,
          intervalMs: number(1, LONGEST_MS),
          timeoutMs: number(1, LONGEST_MS),
          failures: whole(1, Number.MAX_SAFE_INTEGER),
        },
      ),
      graceMs: milliseconds,
      drainMs: milliseconds,
      replicas: whole(1, 64),
      rollbackOnFailure: flag,
      env: mapOf(word, variable),
      secrets: list(variable),
      traffic: number(0, 100),
      limits: record(
        {},
        { maxBodyBytes: milliseconds, maxHeaderBytes: milliseconds, timeoutMs: milliseconds },
      ),
      id: text,
      wait: flag,
      unlessNewer: flag,
    },
  },
  stop: {},
  restart: { optional: { wait: flag } },
  rollback: { optional: { wait: flag } },
  promote: { optional: { wait: flag } },
  abort: { optional: { id: text } },
  traffic: { needed: { percent: number(0, 100) }, optional: { wait: flag } },
  monitor: { needed: { settings: record(MONITOR_SETTINGS.needed, MONITOR_SETTINGS.optional) } },
  measure: { needed: { windowMs: milliseconds }, optional: { release: text } },
  buckets: { needed: { since: number(-Infinity, Infinity) } },
};

/** Why an order is refused; nothing for one that can be carried out. */
export function orderProblem(verb: string, body: Readonly<Record<string, unknown>>): string | undefined {
  const shape = Object.hasOwn(ORDERS, verb) ? ORDERS[verb] : undefined;
  if (shape === undefined) return `the service host knows no "${verb}"; it may be older than this command`;
  const bad = misfit(body, shape.needed ?? {}, { ...COMMON, ...shape.optional });
  if (bad === undefined) return undefined;
  return `the service host does not understand "${bad}" of "${verb}"; it may be of another version than this command: stop the service and start it again`;
}
