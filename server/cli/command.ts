/** What a command of the command line is. */
import path from 'node:path';
import type { Arguments, Flags } from './args.js';
import type { Diagnostic } from './load/loaded.js';

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** After `modelyard`. */
  readonly usage: string;
  /** More than the summary, for `help COMMAND`. */
  readonly details?: string;
  /** As they are typed after `modelyard`: at least one. */
  readonly examples: readonly [string, ...string[]];
  readonly flags: Flags;
  /** By name, where the first argument chooses one; each has flags of its own. */
  readonly subcommands?: Readonly<
    Record<
      string,
      {
        readonly usage: string;
        readonly summary: string;
        readonly flags: Flags;
        readonly least: number;
        readonly most: number;
      }
    >
  >;
  /** How many arguments it takes. Default of `least`: none. */
  readonly least?: number;
  readonly most: number;
  /** Gives the exit code. */
  run(args: Arguments): Promise<number>;
}

/** By name, in the order of the help. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>;

/** A failure that is told to the person as it is, without a stack, and ends with this code. */
export class CommandError extends Error {
  readonly exitCode: number;
  /** Of a definition that is not valid; they are printed already. */
  readonly findings: readonly Diagnostic[] | undefined;

  constructor(message: string, exitCode: number, findings?: readonly Diagnostic[]) {
    super(message);
    this.exitCode = exitCode;
    this.findings = findings;
  }
}

/** The folder that the command is about: `--project`, else the current one. */
export function startFolder(args: Arguments): string {
  return path.resolve(args.text('project') ?? '.');
}
