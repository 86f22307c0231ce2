/** Asks the person before the terminal whether something is to go on. */
import { createInterface } from 'node:readline';
import type { TerminalAnswer } from '../../runner/people/approvals.js';
import type { ApprovalRequest } from '../../stores/approvals/approvals.js';
import { stdout } from '../output.js';
import { styleFor, wantsColours } from './style.js';
import { tame } from './text.js';
import { changedLine, factLines } from './words.js';

/** `later`: the question stays open. The signal says that somebody else has answered. */
export async function askInTerminal(
  request: ApprovalRequest,
  signal: AbortSignal,
): Promise<TerminalAnswer | 'later'> {
  const style = styleFor(wantsColours(true));
  stdout.line();
  stdout.line(style.bold(`${request.task}:`));
  if (request.changed !== undefined) stdout.line(`  ${style.yellow(changedLine(request.changed))}`);
  for (const line of request.prompt.split('\n')) stdout.line(`  ${tame(line, false)}`);
  for (const line of factLines(request, style)) stdout.line(`  ${tame(line, style.colours)}`);
  for (;;) {
    const word = await question('Approve? [y]es, [n]o, Enter to leave it open: ', signal);
    if (word === undefined) return 'later';
    const answer = word.trim().toLowerCase();
    if (answer === '' || answer === 'l' || answer === 'later') return 'later';
    const verdict = /^y(es)?$/.test(answer) ? 'approved' : /^no?$/.test(answer) ? 'rejected' : undefined;
    if (verdict === undefined) continue;
    const comment = await question('Comment (may be empty): ', signal);
    if (comment === undefined) return 'later';
    return comment.trim() === '' ? { verdict } : { verdict, comment: comment.trim() };
  }
}

/** One line; nothing when the terminal was closed, Ctrl-C pressed or the question answered elsewhere. */
function question(text: string, signal: AbortSignal): Promise<string | undefined> {
  if (signal.aborted || !process.stdin.readable) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const reader = createInterface({ input: process.stdin, output: process.stdout });
    let open = true;
    const end = (answer: string | undefined): void => {
      if (!open) return;
      // Closing tells of itself at once, and that is no answer.
      open = false;
      signal.removeEventListener('abort', leave);
      if (answer === undefined) stdout.line();
      reader.close();
      resolve(answer);
    };
    const leave = (): void => end(undefined);
    signal.addEventListener('abort', leave, { once: true });
    outliveTerminal();
    reader.on('error', leave);
    // The line editor takes the key; the run is to be cancelled as everywhere else.
    reader.on('SIGINT', () => {
      stdout.line();
      process.kill(process.pid, 'SIGINT');
    });
    reader.on('close', leave);
    reader.question(text, end);
  });
}

let outlives = false;

/**
 * A terminal that goes away is read and written with errors, also after a question; they must not end the run. They may
 * come before the signal that says the same, and mean the same.
 */
function outliveTerminal(): void {
  if (outlives) return;
  outlives = true;
  const gone = (): void => void process.emit('SIGHUP');
  process.stdin.on('error', gone);
  process.stdout.on('error', gone);
}
