/** What the parts of the extension share. */
import type * as vscode from 'vscode';
import type { Approvals } from './approvals.js';
import type { Client } from './client.js';
import type { ForeignMemories } from './foreign-memories.js';
import type { SelectedPython } from './python.js';
import type { State } from './state.js';

export interface Context {
  readonly extension: vscode.ExtensionContext;
  readonly client: Client;
  readonly state: State;
  readonly approvals: Approvals;
  readonly memories: ForeignMemories;
  readonly python: SelectedPython;
}
