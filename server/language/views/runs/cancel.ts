/** Cancelling a run for an editor: its process is asked, and behind one that waits for people its tasks clean up. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Outcome } from '../../../protocol/index.js';
import { cancelRun as askToEnd } from '../../../runner/record/cancel.js';
import type { RunsOf } from './view.js';

/** Of what a command says when it fails; the end is what counts. */
const KEPT_OUTPUT = 4_000;

/** The command line; it lies beside the program of the server. */
const cliScript = (): string => path.join(__dirname, 'cli.js');

export async function cancelRun({ root, history }: RunsOf, id: string): Promise<Outcome> {
  const { store } = history;
  const read = store.read(id);
  const parked = read.ok && read.run.status === 'waiting' && !store.isAttended(read.run);
  // No server runs commands of a project in its own process: the command line does all of it.
  if (parked && existsSync(cliScript())) return command(root, ['runs', 'cancel', id, '--project', root]);
  const cancelled = askToEnd(store, id);
  return cancelled.ok ? { ok: true } : cancelled;
}

/** What people do with the job of a task. */
export function steerJob({ root }: RunsOf, id: string, task: string, order: string): Promise<Outcome> {
  return command(root, ['runs', 'job', '--project', root, '--', id, task, order]);
}

/** Ends when the command has: after a cancellation, the tasks that clean up. */
function command(root: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cliScript(), ...args], {
      cwd: root,
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
      windowsHide: true,
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-KEPT_OUTPUT);
    });
    child.once('error', (error) => resolve({ ok: false, message: error.message }));
    child.once('close', (code) => {
      const message = said.replaceAll(/^modelyard: /gm, '').trim();
      resolve(
        code === 0
          ? { ok: true }
          : { ok: false, message: message === '' ? `exit code ${code ?? '?'}` : message },
      );
    });
  });
}
