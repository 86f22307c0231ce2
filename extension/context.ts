/** What the parts of the extension share. */
import type * as vscode from 'vscode';
import type { Approvals } from './approvals/approvals.js';
import type { Client } from './client.js';
import type { ForeignMemories } from './project/foreign-memories.js';
import type { SelectedPython } from './pipelines/python.js';
import type { State } from './parts/state.js';

export interface Context {
  readonly extension: vscode.ExtensionContext;
  readonly client: Client;
  readonly state: State;
  readonly approvals: Approvals;
  readonly memories: ForeignMemories;
  readonly python: SelectedPython;
}
