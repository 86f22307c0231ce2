/** Changes of the registry: asked of the server, told to the person. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import { plain } from '../../server/base/format.js';
import type { ModelChange, ModelRef } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { mayChange } from '../parts/trust.js';
import { tell } from '../parts/ask.js';

const HISTORY = 'Show History';

/** Asks for a change. Answers whether it was made; tells why not. */
export async function changeModel(
  { client }: Context,
  { projectUri, model }: ModelRef,
  change: ModelChange,
  reason: string,
): Promise<boolean> {
  if (!mayChange()) return false;
  const answer = await client.request('modelyard/changeModel', {
    projectUri,
    model,
    change,
    ...(reason.trim() === '' ? {} : { reason }),
  });
  if (!answer.ok) tell('Nothing was changed', answer.message);
  return answer.ok;
}

/** Says what was done, with the way to the history. */
export function sayChanged(ref: ModelRef, words: string): void {
  void vscode.window.showInformationMessage(plain(words, 300), HISTORY).then(async (choice) => {
    if (choice === HISTORY) await runCommand('showModelHistory', ref);
  });
}
