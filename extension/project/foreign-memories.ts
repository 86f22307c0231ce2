/** Memories of open projects that this machine has not made; the server knows, everyone reads it here. */
import * as vscode from 'vscode';
import type { ForeignMemory } from '../../server/protocol/index.js';
import type { Client } from '../client.js';
import { OneAtATime } from '../parts/one-at-a-time.js';
import type { State } from '../parts/state.js';

export class ForeignMemories implements vscode.Disposable {
  readonly #client: Client;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;
  readonly #questions = new OneAtATime(() => this.#load());
  #all: readonly ForeignMemory[] = [];
  #loaded = false;

  /** There are others than before. */
  readonly onDidChange = this.#changed.event;

  constructor(client: Client, state: State) {
    this.#client = client;
    this.#subscription = state.onDidChangeRuns(() => void this.#questions.run());
  }

  get all(): readonly ForeignMemory[] {
    return this.#all;
  }

  /** As they are, asked for now when they never were. */
  async ready(): Promise<readonly ForeignMemory[]> {
    if (!this.#loaded) await this.#questions.run();
    return this.#all;
  }

  async #load(): Promise<void> {
    const result = await this.#client.ask('modelyard/foreignMemories', {});
    if (result === undefined) return;
    const before = JSON.stringify(this.#all);
    this.#all = result.memories;
    this.#loaded = true;
    if (before !== JSON.stringify(this.#all)) this.#changed.fire();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
