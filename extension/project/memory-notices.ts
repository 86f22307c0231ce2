/** Tells of memories that this machine has not made: each once, also over reloads of the window. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import type { ForeignMemory } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { memoryNotice } from './memory-rows.js';

const KEY = 'modelyard.foreignMemoriesTold';
const TRUST = 'Trust';
const EXPLAIN = 'What Is This?';
const SHOW = 'Show';

async function notify(memories: readonly ForeignMemory[]): Promise<void> {
  const [memory, another] = memories;
  if (memory === undefined) return;
  if (another !== undefined) {
    const choice = await vscode.window.showWarningMessage(memoryNotice(memories), SHOW);
    if (choice === SHOW) await vscode.commands.executeCommand('modelyard.runs.focus');
    return;
  }
  const actions = memory.canTrust ? [TRUST, EXPLAIN] : [EXPLAIN];
  const choice = await vscode.window.showWarningMessage(memoryNotice(memories), ...actions);
  if (choice === TRUST) await runCommand('trustMemory', { memory }, true);
  else if (choice === EXPLAIN) await runCommand('explainMemory', { memory });
}

export function registerMemoryNotices({ extension, memories }: Context): void {
  const storage = extension.workspaceState;
  const tell = (): void => {
    // Where nothing can be trusted nobody is asked to; the row is there all the same.
    if (!vscode.workspace.isTrusted) return;
    const told = storage.get<readonly string[]>(KEY, []);
    const fresh = memories.all.filter(({ id }) => !told.includes(id));
    if (fresh.length === 0) return;
    void storage.update(
      KEY,
      memories.all.map(({ id }) => id),
    );
    void notify(fresh);
  };
  extension.subscriptions.push(memories.onDidChange(tell), vscode.workspace.onDidGrantWorkspaceTrust(tell));
}
