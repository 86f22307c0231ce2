/** Names and sizes that MLflow allows, and names that it gives. */
import { randomInt } from 'node:crypto';
import path from 'node:path';
import { invalid } from './wire.js';

const MAX_KEY = 250;
/** What is longer is cut, as by MLflow's own server. */
const MAX_PARAM = 6_000;
const MAX_TAG = 8_000;
/** Beyond this, JavaScript's dates end. */
const MAX_TIME = 8_640_000_000_000_000;

/** @param what `metric`, `param` or `tag`. Throws a `WireError`. */
export function checkKey(what: string, key: string): string {
  const shown = JSON.stringify(key.slice(0, 80));
  if (key.length > MAX_KEY) {
    throw invalid(`${what} name ${shown}… has ${key.length} characters; at most ${MAX_KEY} are allowed.`);
  }
  if (!/^[\p{L}\p{N}_\-.:/ ]+$/u.test(key)) {
    throw invalid(
      `Invalid value ${shown} for parameter '${what} name' supplied: Names may only contain letters, digits, underscores (_), dashes (-), periods (.), spaces ( ), colons (:) and slashes (/).`,
    );
  }
  const resolved = path.posix.normalize(key);
  if (resolved !== key || /^(?:\/|\.\.?$|\.\.\/)|\/$/.test(key)) {
    throw invalid(
      `Invalid value ${shown} for parameter '${what} name' supplied: Names may be treated as paths, and this one would resolve to another one.`,
    );
  }
  return key;
}

export function paramValue(value: string): string {
  return value.slice(0, MAX_PARAM);
}

export function tagValue(value: string): string {
  return value.slice(0, MAX_TAG);
}

/** @param ms since 1970. Throws a `WireError`. */
export function checkTime(name: string, ms: number): number {
  if (ms >= 0 && ms <= MAX_TIME) return ms;
  throw invalid(
    `Invalid value ${ms} for parameter '${name}' supplied: It must be a nonnegative number of milliseconds since 1970.`,
  );
}

const FIRST = 'able bold calm crisp dapper eager fair gentle happy keen likeable merry neat open proud quick quiet rare sleek smart stately swift tidy upbeat valiant warm wise zesty'.split(' '); // prettier-ignore
const SECOND = 'ant bear bird bug carp cod crab crow deer doe dove duck eel elk fawn finch fish foal fox frog goat goose hare hawk hen jay kit koi lamb lark lynx mare mink mole moose moth newt owl perch pug quail ram rat ray seal shad shark sheep shrew shrike skink skunk snail snake sow squid stag stoat swan toad trout vole wasp wolf wren yak'.split(' '); // prettier-ignore

/** `quiet-finch-281`: for a run that the client gives no name. */
export function randomName(): string {
  const one = (words: readonly string[]): string => words[randomInt(words.length)] ?? '';
  return `${one(FIRST)}-${one(SECOND)}-${randomInt(1_000)}`;
}
