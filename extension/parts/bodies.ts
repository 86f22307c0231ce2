/** What the commands do, by their ids. */
import * as vscode from 'vscode';
import type { Context } from '../context.js';
import type { CommandId } from '../contributions/commands.js';
import { guarded } from './targets.js';

/** Menus give it the item and, where several are chosen, all of them. */
type Body = (argument?: unknown, second?: unknown) => Promise<unknown>;

export type Bodies<K extends CommandId> = Readonly<Record<K, Body>>;

/** Bodies of some commands: of those that there are, and with nothing else. */
export function bodies<K extends CommandId>(own: Bodies<K>): Bodies<K> {
  return own;
}

/** Every command of the manifest, so that none is offered that does nothing. */
export function registerCommands(context: Context, every: Bodies<CommandId>): void {
  for (const [id, body] of Object.entries(every)) {
    context.extension.subscriptions.push(
      vscode.commands.registerCommand(`modelyard.${id}`, guarded(context, body)),
    );
  }
}
