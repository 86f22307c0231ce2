/** Our command line run for its answer, without a terminal. */
import { execFile } from 'node:child_process';
import type * as vscode from 'vscode';
import { commandLine } from '../pipelines/tasks.js';

export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MOST_OUTPUT_BYTES = 32 * 1024 * 1024;

/**
 * Runs `modelyard <args>` in a folder; cancelled with the token.
 *
 * @param more variables for it beside those of the editor
 */
export function runCommandLine(
  extension: vscode.ExtensionContext,
  folder: vscode.Uri,
  args: readonly string[],
  token: vscode.CancellationToken,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { command, module, env } = commandLine(extension, folder);
  const options = {
    cwd: folder.fsPath,
    env: { ...process.env, ...more, ...env },
    maxBuffer: MOST_OUTPUT_BYTES,
  };
  return new Promise((resolve, reject) => {
    const child = execFile(command, [module, ...args], options, (error, stdout, stderr) => {
      cancelled.dispose();
      const code = error === null ? 0 : error.code;
      // A code that is a word says that the process didn't start.
      if (typeof code === 'number') resolve({ exitCode: code, stdout, stderr });
      else reject(error ?? new Error('The command line did not start.'));
    });
    const cancelled = token.onCancellationRequested(() => child.kill());
  });
}
