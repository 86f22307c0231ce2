/** Questions that several commands ask. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { NameParams } from '../../server/protocol/index.js';
import type { Client } from '../client.js';
import { unlinked } from './item-text.js';

const OPTIONAL = 'Why? (optional; it is kept in the history)';

/** Why something is changed. Empty: no reason; `undefined`: the person went away. */
export async function askReason(title: string): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title,
    prompt: `${OPTIONAL} Enter does it, Escape leaves everything as it is.`,
    placeHolder: OPTIONAL,
    ignoreFocusOut: true,
  });
}

/** A name by the registry's rules, checked while it is typed. */
export async function askName(
  client: Client,
  what: NameParams['what'],
  options: Pick<vscode.InputBoxOptions, 'title' | 'prompt' | 'placeHolder' | 'value'>,
): Promise<string | undefined> {
  return vscode.window.showInputBox({
    ...options,
    ignoreFocusOut: true,
    validateInput: async (text) => {
      // What is empty is no mistake yet, but can't be given.
      const { message } = await client.request('modelyard/checkName', { what, text });
      return message;
    },
  });
}

/** One of several, or nothing when the person went away. Nothing is asked where there is no choice. */
export async function pickOne<T>(
  items: readonly (vscode.QuickPickItem & { readonly value: T })[],
  options: { readonly title?: string; readonly placeHolder: string },
): Promise<T | undefined> {
  const picked = await vscode.window.showQuickPick([...items], {
    ...options,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.value;
}

/** Asks before something that can't be taken back, or that others will miss. */
export async function confirm(question: string, detail: string, yes: string): Promise<boolean> {
  return (await vscode.window.showWarningMessage(plain(question, 300), { modal: true, detail }, yes)) === yes;
}

/** Tells what was refused. */
export function tell(what: string, message: string): void {
  void vscode.window.showErrorMessage(`${what}: ${unlinked(message, 600)}`);
}
