/** What runs ask people now; the server knows, everyone reads it here. */
import * as vscode from 'vscode';
import type { ApprovalView } from '../../server/protocol/index.js';
import type { Client } from '../client.js';
import { setContext } from '../contributed.js';
import { OneAtATime } from '../parts/one-at-a-time.js';
import { type ApprovalRef, sameApproval } from './rows.js';
import type { State } from '../parts/state.js';

/** A timer can't wait longer than this (2^31 ms). */
const LONGEST_MS = 2_147_000_000;

export class Approvals implements vscode.Disposable {
  readonly #client: Client;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;
  readonly #questions = new OneAtATime(() => this.#load());
  #waiting: readonly ApprovalView[] = [];
  #loaded = false;
  #expiry: NodeJS.Timeout | undefined;

  /** Something else waits than before, or it has more answers. The first answer of the server is a change too. */
  readonly onDidChange = this.#changed.event;

  constructor(client: Client, state: State) {
    this.#client = client;
    this.#subscription = state.onDidChangeRuns(() => void this.reload());
  }

  /** What this person can answer first, then what waits for others; the oldest of each first. */
  get waiting(): readonly ApprovalView[] {
    return this.#waiting;
  }

  /** As they are, asked for now when they never were. */
  async ready(): Promise<readonly ApprovalView[]> {
    if (!this.#loaded) await this.reload();
    return this.#waiting;
  }

  find(ref: ApprovalRef): ApprovalView | undefined {
    return this.#waiting.find((one) => sameApproval(one, ref));
  }

  reload(): Promise<void> {
    return this.#questions.run();
  }

  async #load(): Promise<void> {
    const result = await this.#client.ask('modelyard/approvals', {});
    if (result === undefined) return;
    const before = this.#waiting;
    const first = !this.#loaded;
    const { approvals } = result;
    // What this person can answer comes first; of those, and of the others, the oldest.
    this.#waiting = [
      ...approvals.filter(({ mayAnswer }) => mayAnswer),
      ...approvals.filter(({ mayAnswer }) => !mayAnswer),
    ];
    this.#loaded = true;
    setContext('asked', this.#waiting.length > 0);
    this.#expectExpiry();
    if (first || JSON.stringify(before) !== JSON.stringify(this.#waiting)) this.#changed.fire();
  }

  /** Time runs out without a change on the disk. */
  #expectExpiry(): void {
    clearTimeout(this.#expiry);
    const ends = this.#waiting.flatMap(({ expiresAt }) =>
      expiresAt === undefined ? [] : [Date.parse(expiresAt)],
    );
    const next = Math.min(...ends) - Date.now();
    if (!Number.isFinite(next)) return;
    this.#expiry = setTimeout(() => void this.reload(), Math.min(Math.max(next, 0) + 50, LONGEST_MS));
  }

  dispose(): void {
    clearTimeout(this.#expiry);
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
