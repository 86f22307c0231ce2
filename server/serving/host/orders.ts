/**
 * What an order to a host may hold. It comes from the user's own programs, but these may be older or newer than the host:
 * an order that does not fit is refused and changes nothing.
 */
import { isReleaseId } from '../places.js';

/** Whether a value fits. */
type Check = (value: unknown) => boolean;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const number =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most;
const whole =
  (least: number, most: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && number(least, most)(value);
/** More would overflow Node's timers, which then fire at once. */
const LONGEST_MS = 2 ** 31 - 1;
const milliseconds = number(0, LONGEST_MS);
const port = whole(1, 65_535);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const mapOf =
  (check: Check): Check =>
  (value) =>
    isRecord(value) && Object.values(value).every(check);
/** A record whose `needed` are there, and in which what is known fits. What is not known is from a newer version. */
const record =
  (needed: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check =>
  (value) =>
    isRecord(value) && misfit(value, needed, optional) === undefined;

function misfit(
  value: Readonly<Record<string, unknown>>,
  needed: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>>,
): string | undefined {
  const bad = Object.keys(needed).find((key) => needed[key]?.(value[key]) !== true);
  if (bad !== undefined) return bad;
  return Object.keys(optional).find(
    (key) => value[key] !== undefined && optional[key]?.(value[key]) !== true,
  );
}

interface OrderShape {
  readonly needed?: Readonly<Record<string, Check>>;
  readonly optional?: Readonly<Record<string, Check>>;
}

const COMMON = {
  cause: record({ who: text }, { reason: text, run: isRecord }),
  secretValues: mapOf(text),
};

const ORDERS: Readonly<Record<string, OrderShape>> = {
  start: {
    optional: {
      release: (value) => typeof value === 'string' && isReleaseId(value),
      port,
      ports: record({ from: port, to: port }),
      host: text,
      probe: record(
        {},
        {
          path: text,
          intervalMs: number(1, LONGEST_MS),
          timeoutMs: number(1, LONGEST_MS),
          failures: whole(1, Number.MAX_SAFE_INTEGER),
        },
      ),
      graceMs: milliseconds,
      drainMs: milliseconds,
      replicas: whole(1, 64),
      rollbackOnFailure: flag,
      env: mapOf(text),
      secrets: list(text),
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
  monitor: {
    needed: {
      settings: record(
        {
          rules: list(
            record(
              {
                rule: text,
                overMs: milliseconds,
                severity: (value) => value === 'warning' || value === 'error',
              },
              { message: text },
            ),
          ),
          samples: record({ share: number(0, 1), redact: list(text) }),
          baseline: mapOf(record({ kind: text })),
        },
        { webhook: text },
      ),
    },
  },
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
