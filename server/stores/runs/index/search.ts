/**
 * Finding a word in everything that a run has, without writing out what a hundred thousand runs have: it is looked for once in each
 * text that there is and once in each name of a column, so that what is left for a run are look-ups of numbers.
 */
import { type Json, display } from '../../../base/json.js';

/** A value of a run, and what its column is called. */
export interface NamedPlace {
  readonly name: string;
  /** Among the values of a run of this shape. */
  readonly place: number;
}

/** How the table keeps what is searched. */
export interface Searched {
  /** Texts of the runs' own columns, by code. */
  readonly texts: readonly string[];
  /** Values that are no JS numbers, by code. */
  readonly coded: readonly Json[];
  /** What runs of a shape have. */
  placesOf(shape: number): readonly NamedPlace[];
}

/** All that the display of a finite number consists of. */
const NUMERIC = /^[-+.e\d]+$/;

/** What of a value is looked at where its name does not decide. */
interface ValueTest {
  readonly place: number;
  /** What the value has to begin with, as the word goes on behind `name=`. */
  readonly tails: readonly string[];
}

export class WordSearch {
  readonly #word: string;
  readonly #searched: Searched;
  readonly #texts: ReadonlySet<number>;
  readonly #coded: ReadonlySet<number>;
  readonly #isNumeric: boolean;
  readonly #shapes = new Map<number, 'all' | readonly ValueTest[]>();

  /** @param word in lower case, without white space */
  constructor(word: string, searched: Searched) {
    const within = (texts: readonly string[]): Set<number> =>
      new Set(texts.flatMap((text, code) => (text.toLowerCase().includes(word) ? [code] : [])));
    this.#word = word;
    this.#searched = searched;
    this.#texts = within(searched.texts);
    this.#coded = within(searched.coded.map(display));
    this.#isNumeric = NUMERIC.test(word);
  }

  inText(code: number | undefined): boolean {
    return code !== undefined && this.#texts.has(code);
  }

  /**
   * Whether the word is in a `name=value` of a run.
   *
   * @param numberAt a value as the table keeps it: the number, or the code of what is none
   */
  inValues(
    shape: number,
    numberAt: (place: number) => { readonly value: number; readonly isCode: boolean },
  ): boolean {
    let tests = this.#shapes.get(shape);
    if (tests === undefined) {
      tests = this.#testsOf(shape);
      this.#shapes.set(shape, tests);
    }
    if (tests === 'all') return true;
    return tests.some(({ place, tails }) => {
      const { value, isCode } = numberAt(place);
      if (isCode ? this.#coded.has(value) : this.#inNumber(value)) return true;
      if (tails.length === 0) return false;
      const shown = display(isCode ? (this.#searched.coded[value] ?? null) : value).toLowerCase();
      return tails.some((tail) => shown.startsWith(tail));
    });
  }

  #inNumber(value: number): boolean {
    // Writing a number out takes longer than all else: only words that could be in one are worth it.
    if (!this.#isNumeric && Number.isFinite(value)) return false;
    return display(value).toLowerCase().includes(this.#word);
  }

  #testsOf(shape: number): 'all' | readonly ValueTest[] {
    const tests: ValueTest[] = [];
    for (const { name, place } of this.#searched.placesOf(shape)) {
      const before = `${name}=`.toLowerCase();
      if (before.includes(this.#word)) return 'all';
      const tails = [...this.#word.matchAll(/=/g)].flatMap(({ index }) => {
        const [head, tail] = [this.#word.slice(0, index + 1), this.#word.slice(index + 1)];
        return before.endsWith(head) ? [tail] : [];
      });
      tests.push({ place, tails });
    }
    return tests;
  }
}
