/** Asking before something is removed. */
import { createInterface } from 'node:readline/promises';
import { stderr } from './output.js';

/**
 * Asks on a terminal; `undefined` elsewhere: nobody could answer there, so that only `--yes` counts.
 * @param nothing what to say then: `nothing was freed`
 */
export async function agreed(json: boolean, question: string, nothing: string): Promise<boolean | undefined> {
  if (json || !process.stdin.isTTY || !process.stdout.isTTY) {
    stderr.line(`modelyard: ${nothing}; say --yes to do it`);
    return undefined;
  }
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `)).trim());
  } finally {
    reader.close();
  }
}
