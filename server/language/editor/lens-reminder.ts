/**
 * Reminds the editor of code lenses that it has not asked for.
 *
 * VS Code (seen in 1.100 and 1.139) asks for the lenses of a file a moment after it was opened or it was told to ask, and
 * gives it up when the file loses the focus within that moment. The file then has no lenses until somebody clicks into it.
 */

/** Longer than VS Code takes to ask, shorter than it takes somebody to miss the lenses. */
const PATIENCE_MS = 1500;
/** Each one after twice the time. A file that is open where nobody sees it is never asked about. */
const REMINDERS = 4;

export class LensReminder {
  readonly #remind: (uri: string) => void;
  readonly #patienceMs: number;
  readonly #waiting = new Map<string, NodeJS.Timeout>();

  /**
   * @param remind asks the editor to ask again; called a few times at most for each time that a file is opened
   * @param patienceMs until the first reminder, in milliseconds
   */
  constructor(remind: (uri: string) => void, patienceMs = PATIENCE_MS) {
    this.#remind = remind;
    this.#patienceMs = patienceMs;
  }

  /** The editor has opened a file. */
  opened(uri: string): void {
    this.settled(uri);
    this.#wait(uri, 1);
  }

  #wait(uri: string, nth: number): void {
    const timer = setTimeout(
      () => {
        if (nth < REMINDERS) this.#wait(uri, nth + 1);
        else this.#waiting.delete(uri);
        this.#remind(uri);
      },
      this.#patienceMs * 2 ** (nth - 1),
    );
    this.#waiting.set(uri, timer);
  }

  /** The lenses of a file were asked for and answered, or it was closed. */
  settled(uri: string): void {
    clearTimeout(this.#waiting.get(uri));
    this.#waiting.delete(uri);
  }
}
