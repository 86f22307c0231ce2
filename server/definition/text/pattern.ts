/**
 * Regular expressions of definitions (`pattern`), matched in time that grows with the text and not faster. JavaScript's own
 * engine goes back and tries again, which takes minutes for `(a+)+b`; here all ways are followed at once. What can't be
 * matched so (look-around, back references) is refused. The syntax is JavaScript's with the flag `u`.
 */
import { PatternParser } from './pattern-parser.js';
import type { State } from './pattern-parser.js';
import { remembered } from './remembered.js';

export type CompiledPattern =
  | { readonly ok: true; test(text: string, budget?: PatternBudget): boolean }
  /** A sentence for people. */
  | { readonly ok: false; readonly message: string };

/** What several tests may cost together, in states looked at: about ten million a second. */
export interface PatternBudget {
  left: number;
}

const MAX_LENGTH = 1000;
const MAX_KNOWN = 100;
/** States that one pattern keeps in sets; then it forgets them, and finds them again. */
const MAX_KEPT = 20_000;

/** Unanchored: the pattern may match anywhere in a text. */
export const compilePattern: (source: string) => CompiledPattern = remembered(MAX_KNOWN, compile);

/**
 * Whether the text matches; true, too, where that can't be known: the pattern is none, which `schema/value` reports, or the
 * budget is used up.
 */
export function matchesPattern(source: string, text: string, budget?: PatternBudget): boolean {
  const compiled = compilePattern(source);
  return !compiled.ok || compiled.test(text, budget);
}

function compile(source: string): CompiledPattern {
  if (source.length > MAX_LENGTH)
    return { ok: false, message: `The regular expression is longer than ${MAX_LENGTH} characters.` };
  try {
    new RegExp(source, 'u');
  } catch (error) {
    // "Invalid regular expression: /(/u: Unterminated group"
    const reason = error instanceof Error ? error.message.replace(/^.*\/[a-z]*: /s, '') : String(error);
    return { ok: false, message: `Not a regular expression: ${reason}.` };
  }
  const parsed = new PatternParser(source).parse();
  if (!parsed.ok) return parsed;
  const automaton = new Automaton(parsed.states, parsed.start);
  return { ok: true, test: (text, budget) => automaton.test(text, budget) };
}

/** The states that are possible at one place of the text, before what needs no character has been followed. */
interface StateSet {
  readonly states: readonly number[];
  readonly atStart: boolean;
  readonly afterWord: boolean;
  /** By the next character; `true`: it has matched. */
  readonly next: Map<string, StateSet | true>;
  atEnd?: boolean;
}

/** Runs all ways at once, and remembers which set of states follows on which with which character. */
class Automaton {
  private readonly states: readonly State[];
  private readonly start: number;
  private readonly sets = new Map<string, StateSet>();
  private readonly first: StateSet;
  private kept = 0;

  constructor(states: readonly State[], start: number) {
    this.states = states;
    this.start = start;
    this.first = { states: [start], atStart: true, afterWord: false, next: new Map() };
  }

  test(text: string, budget: PatternBudget = { left: Infinity }): boolean {
    let set = this.first;
    for (const character of text) {
      let next = set.next.get(character);
      if (next === undefined) {
        budget.left -= set.states.length;
        if (budget.left < 0) return true;
        next = this.step(set, character);
        if (next !== true) this.kept += next.states.length;
        if (this.kept > MAX_KEPT) this.forget();
        set.next.set(character, next);
      }
      if (next === true) return true;
      set = next;
    }
    return (set.atEnd ??= this.follow(set, undefined) === true);
  }

  private forget(): void {
    this.kept = 0;
    this.sets.clear();
    this.first.next.clear();
  }

  private step(set: StateSet, character: string): StateSet | true {
    const reached = this.follow(set, character);
    if (reached === true) return true;
    // A match may begin at every character.
    const targets = new Set([this.start]);
    for (const at of reached) {
      const state = this.states[at];
      if (state?.kind === 'character' && state.has(character)) targets.add(state.next);
    }
    const states = [...targets].sort((a, b) => a - b);
    const afterWord = isWord(character);
    const key = `${states.join(' ')}${afterWord ? 'w' : ''}`;
    let found = this.sets.get(key);
    if (found === undefined) {
      found = { states, atStart: false, afterWord, next: new Map() };
      this.sets.set(key, found);
    }
    return found;
  }

  /** The states that wait for a character, or `true` where the end of the pattern is reached without one. */
  private follow(set: StateSet, next: string | undefined): Set<number> | true {
    const seen = new Set<number>();
    const open = [...set.states];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const state = this.states[at];
      if (state === undefined || state.kind === 'match') return true;
      if (state.kind === 'split') open.push(...state.next);
      else if (state.kind === 'assertion' && holds(state.what, set, next)) open.push(state.next);
    }
    return seen;
  }
}

function holds(what: '^' | '$' | 'b' | 'B', set: StateSet, next: string | undefined): boolean {
  if (what === '^') return set.atStart;
  if (what === '$') return next === undefined;
  const boundary = set.afterWord !== (next !== undefined && isWord(next));
  return what === 'b' ? boundary : !boundary;
}

function isWord(character: string): boolean {
  return /^\w$/.test(character);
}
