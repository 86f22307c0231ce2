/** Saying yes to a memory that this machine has not made, and what that means. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { ForeignMemory } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { memoryDetail, memoryTitle } from './memory-rows.js';
import { mayTrustMemory } from '../parts/trust.js';
import { bodies } from '../parts/bodies.js';

const TRUST = 'Trust';
const REVEAL = 'Show Folder';

/** The memory of a row or of a notification; else the person picks one. */
async function memoryFor({ memories }: Context, argument: unknown): Promise<ForeignMemory | undefined> {
  const all = await memories.ready();
  if (typeof argument === 'object' && argument !== null && 'memory' in argument) {
    const { memory } = argument as { readonly memory: Partial<ForeignMemory> };
    return all.find(({ id }) => id === memory.id);
  }
  if (all.length === 0) {
    void vscode.window.showInformationMessage('Every memory of this workspace was made or trusted here.');
    return undefined;
  }
  if (all.length === 1) return all[0];
  const picked = await vscode.window.showQuickPick(
    all.map((memory) => ({
      label: plain(vscode.workspace.asRelativePath(vscode.Uri.parse(memory.uri))),
      memory,
    })),
    { placeHolder: 'Which memory?' },
  );
  return picked?.memory;
}

async function say({ client }: Context, { projectUri }: ForeignMemory): Promise<void> {
  const outcome = await client.request('modelyard/trustMemory', { projectUri });
  if (!outcome.ok) void vscode.window.showErrorMessage(plain(outcome.message, 500));
}

/** What it is; and where it may be trusted, doing so. */
async function explain(context: Context, argument: unknown): Promise<void> {
  const memory = await memoryFor(context, argument);
  if (memory === undefined) return;
  const mayTrust = memory.canTrust && vscode.workspace.isTrusted;
  const choice = await vscode.window.showInformationMessage(
    memoryTitle(memory),
    { modal: true, detail: memoryDetail(memory, mayTrust || !memory.canTrust) },
    // The first is what Enter does.
    ...(mayTrust ? [REVEAL, TRUST] : [REVEAL]),
  );
  if (choice === TRUST) await say(context, memory);
  else if (choice === REVEAL)
    await vscode.commands.executeCommand('revealInExplorer', vscode.Uri.parse(memory.uri));
}

/** @param asked the person has read what it means, and has chosen to */
async function trust(context: Context, argument: unknown, asked: unknown): Promise<void> {
  if (!mayTrustMemory()) return;
  const memory = await memoryFor(context, argument);
  if (memory === undefined) return;
  if (asked !== true) {
    const choice = await vscode.window.showWarningMessage(
      `${memoryTitle(memory)}. Trust it?`,
      { modal: true, detail: memoryDetail(memory, true) },
      TRUST,
    );
    if (choice !== TRUST) return;
  }
  await say(context, memory);
}

/** Bodies of the commands. */
export function memoryCommands(context: Context) {
  return bodies({
    explainMemory: (argument) => explain(context, argument),
    trustMemory: (argument, asked) => trust(context, argument, asked),
  });
}
