/** What goes wrong on the way to a login node, and waiting for a line that is down. */
import { delay } from '../../../../base/delay.js';

/** Why something did not go. @property passing it may go the next time */
export interface Trouble {
  readonly passing: boolean;
  readonly message: string;
}

/** Of a command that was sent there: where nothing is known of its end, the line was down. */
export function troubleOf(
  ended: { readonly why: 'absent' | 'unclear' | 'refused'; readonly message: string } | undefined,
): Trouble | undefined {
  return ended === undefined ? undefined : { passing: ended.why === 'unclear', message: ended.message };
}

export interface Patience {
  /** Until it is tried again. */
  readonly waitMs: number;
  readonly isWanted: () => boolean;
  /** Hears why it waits. */
  readonly told: (why: string) => void;
}

/** What comes of something; while its trouble is a passing one it is tried again, for as long as somebody wants to know. */
export async function patiently<T>(
  work: () => Promise<T>,
  troubleIn: (result: T) => Trouble | undefined,
  { waitMs, isWanted, told }: Patience,
): Promise<T> {
  for (;;) {
    const result = await work();
    const trouble = troubleIn(result);
    if (trouble?.passing !== true || !isWanted()) return result;
    told(trouble.message);
    await delay(waitMs);
  }
}
