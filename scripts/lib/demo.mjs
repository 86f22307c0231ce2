// How the demo tells its story: headings, commands with what they print, and what each of them has to show.
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from './prepare.mjs';
import { capture } from './run.mjs';

export const cli = path.join(root, 'dist/cli.js');

/** Generous: the machine may be busy. */
const PATIENCE_MS = 60_000;

export function heading(text) {
  console.log(`\n== ${text}`);
}

/** The events of `run --json`, or a document of `--json`: what each line holds. */
export const parse = (text) => text.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)); // prettier-ignore

/** Waits until `probe` gives something, and gives it; an error that says what did not come. */
export async function until(what, probe) {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`);
    await pause(50);
  }
}

/** The demo in a copy of the example. */
export class Story {
  /** What did not do what it should. */
  failures = [];

  constructor(folder) {
    this.folder = folder;
  }

  /** Notes a step that did not do what it should; the others go on. */
  expect(holds, what) {
    console.log(`${holds ? '✔' : '✖'} ${what}`);
    if (!holds) this.failures.push(what);
  }

  /** `modelyard …` in the copy; `quiet` keeps its output from the terminal, `more` are variables. */
  modelyard(args, { quiet = false, more = {} } = {}) {
    if (!quiet) console.log(`$ modelyard ${args.map(shown).join(' ')}`);
    const env = { ...process.env, ...more };
    return capture(process.execPath, [cli, ...args], {
      cwd: this.folder,
      echo: !quiet,
      timeoutMs: 120_000,
      env,
    });
  }

  /** `modelyard … --json`, which prints one document. */
  async json(...args) {
    const { stdout } = await this.modelyard([...args, '--json'], { quiet: true });
    return parse(stdout)[0];
  }
}

/** An argument as it is typed. */
function shown(argument) {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `"${argument}"`;
}
