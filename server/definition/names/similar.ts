/** What a misspelt word may have meant. */
import { memo } from '../../base/memo.js';

/** Names to choose from; looked at once and remembered, so it must not change afterwards. */
export type Names = readonly string[] | ReadonlySet<string>;

/** Up to so many names every question is answered anew: it costs less than remembering. */
const FEW = 64;

/**
 * What all questions about one set of names may cost: thousands of wrong names among thousands of right ones are no slips
 * of the pen, and comparing each with each takes seconds.
 */
const MAX_LOOKS = 1_000_000;
const MAX_DISTANCES = 60_000;

/**
 * Candidates that a person who typed `word` may have meant, the most likely first, at most three. Silent on doubt: the
 * distance allowed grows with the length of the word. Silent, too, when far too many words have been asked for.
 */
export function similar(word: string, candidates: Names): readonly string[] {
  if (word.length > 100) return NOTHING;
  const count = 'length' in candidates ? candidates.length : candidates.size;
  if (count <= FEW) return new Search(candidates).find(word);
  return searchOf(candidates).remembered(word);
}

const NOTHING: readonly string[] = [];

const searchOf = memo((names: Names) => new Search(names));

interface Candidate {
  readonly name: string;
  readonly folded: string;
  /** Which characters it has, roughly: one bit for several of them. */
  readonly letters: number;
}

class Search {
  private readonly candidates: readonly Candidate[];
  private readonly answers = new Map<string, readonly string[]>();
  private looks = MAX_LOOKS;
  private distances = MAX_DISTANCES;

  constructor(names: Names) {
    this.candidates = Array.from(names, (name) => {
      const folded = fold(name);
      return { name, folded, letters: lettersOf(folded) };
    }).filter(({ folded }) => folded !== '');
  }

  remembered(word: string): readonly string[] {
    let answer = this.answers.get(word);
    if (answer === undefined) {
      answer = this.looks > 0 && this.distances > 0 ? this.find(word) : NOTHING;
      this.answers.set(word, answer);
    }
    return answer;
  }

  find(word: string): readonly string[] {
    const plain = fold(word);
    if (plain === '') return NOTHING;
    const allowed = plain.length <= 3 ? 1 : plain.length <= 7 ? 2 : 3;
    const letters = lettersOf(plain);
    const found: { candidate: string; distance: number }[] = [];
    this.looks -= this.candidates.length;
    for (const candidate of this.candidates) {
      const { name, folded } = candidate;
      const distance = this.distance(plain, letters, candidate, allowed);
      if (distance <= allowed && distance < Math.max(plain.length, folded.length)) {
        found.push({ candidate: name, distance });
      } else if (
        plain.length >= 3 &&
        folded.length >= 3 &&
        (folded.startsWith(plain) || plain.startsWith(folded))
      ) {
        found.push({ candidate: name, distance: allowed + 1 });
      }
    }
    return found
      .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
      .slice(0, 3)
      .map((entry) => entry.candidate);
  }

  private distance(
    plain: string,
    letters: number,
    { folded, letters: other }: Candidate,
    limit: number,
  ): number {
    if (plain === folded) return 0;
    // Each edit adds or removes one letter, or does both.
    if (Math.abs(plain.length - folded.length) > limit || bits(letters ^ other) > 2 * limit) return limit + 1;
    return this.distances-- > 0 ? editDistance(plain, folded, limit) : limit + 1;
  }
}

/** Case and the choice of separator are what people get wrong most. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[_\s-]+/g, '');
}

function lettersOf(word: string): number {
  let letters = 0;
  for (let at = 0; at < word.length; at++) letters |= 1 << (word.charCodeAt(at) & 31);
  return letters;
}

function bits(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Damerau-Levenshtein (adjacent swaps count as one); anything above `limit` is given as `limit + 1`. */
function editDistance(a: string, b: string, limit: number): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, (older[j - 2] ?? 0) + 1);
      }
      current.push(value);
      best = Math.min(best, value);
    }
    if (best > limit) return limit + 1;
    older = previous;
    previous = current;
  }
  return previous[b.length] ?? limit + 1;
}
