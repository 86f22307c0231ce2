/** Where a Python program failed, out of what it printed. */

export interface TracebackFrame {
  /** As Python names it: absolute, or relative to where the program was started. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export interface Traceback {
  /** The innermost last. */
  readonly frames: readonly TracebackFrame[];
  /** `ValueError: could not convert string to float: ''`, its first line. */
  readonly error: string;
}

const FRAME = /^ {2}File "([^"]+)", line (\d{1,9})(?:, in .*)?$/;
const HEAD = 'Traceback (most recent call last):';
/** Colours, which Python 3.13 and newer put in where a terminal is told of. */
// eslint-disable-next-line no-control-regex
const COLOUR = /\u001b\[[\d;]*m/g;

/** The last one in a log: of exceptions that follow from each other it is the one that ended the program. */
export function lastTraceback(log: string): Traceback | undefined {
  const lines = log.replace(COLOUR, '').split(/\r?\n/);
  let found: Traceback | undefined;
  let frames: TracebackFrame[] = [];
  for (const line of lines) {
    const frame = FRAME.exec(line);
    if (line === HEAD) frames = [];
    else if (frame !== null) frames.push({ file: frame[1] ?? '', line: Number(frame[2]) });
    else if (frames.length > 0 && /^[\w.]+(?::|$)/.test(line)) {
      found = { frames, error: line };
      frames = [];
    }
  }
  return found;
}
