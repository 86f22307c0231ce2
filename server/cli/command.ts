/** What a command of the command line is. */
import path from 'node:path';
import type { Arguments, Flags } from './args.js';

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** After `modelyard`. */
  readonly usage: string;
  /** More than the summary, for `help COMMAND`. */
  readonly details?: string;
  readonly flags: Flags;
  /** By name, where the first argument chooses one; each has flags of its own. */
  readonly subcommands?: Readonly<
    Record<string, { readonly usage: string; readonly summary: string; readonly flags: Flags }>
  >;
  /** How many arguments it takes at most. */
  readonly most: number;
  /** Gives the exit code. */
  run(args: Arguments): Promise<number>;
}

/** A failure that is told to the person as it is, without a stack, and ends with this code. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The folder that the command is about: `--project`, else the current one. */
export function startFolder(args: Arguments): string {
  return path.resolve(args.text('project') ?? '.');
}
