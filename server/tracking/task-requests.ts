/** Requests of the processes of a run's tasks: each task has a token of its own, which counts as long as it goes on. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Holder } from '../stores/registry/types.js';
import type { TrackedEnd, TrackedTask } from '../stores/tracking/tracked-task.js';
import { answer } from './answer.js';
import { filesAt, writeOut } from './artifacts.js';
import { demandLocal, tokenOf } from './guard.js';
import { TaskClient } from './task-client.js';
import { Tracking } from './tracking.js';
import { WireError } from './wire/wire.js';

/** What a token is of: a task that goes on, or one that has ended. */
export type TokenHolder = { readonly task: TrackedTask } | { readonly ended: () => void };

export class TaskRequests {
  readonly #stores: Tracking;
  readonly #holderOf: (token: string) => TokenHolder | undefined;
  readonly #onProblem: (message: string) => void;
  readonly #clients = new Map<string, { readonly client: TaskClient; readonly tracking: Tracking }>();

  /**
   * @param root absolute, of the project
   * @param heldBy what else needs a version of a model
   * @param onProblem gets what went wrong here and not with a client, in words
   */
  constructor(
    root: string,
    heldBy: Holder,
    holderOf: (token: string) => TokenHolder | undefined,
    onProblem: (message: string) => void,
  ) {
    this.#stores = Tracking.open(root, heldBy);
    this.#holderOf = holderOf;
    this.#onProblem = onProblem;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    answer((one) => this.#admit(one), request, response, this.#onProblem);
  }

  async #admit(request: IncomingMessage): Promise<Tracking> {
    demandLocal(request);
    const token = tokenOf(request);
    const holder = token === undefined ? undefined : this.#holderOf(token);
    if (token === undefined || holder === undefined) {
      throw new WireError(
        'UNAUTHENTICATED',
        'This server answers the processes of one run, by the MLFLOW_TRACKING_TOKEN of their task. For others there is `modelyard tracking serve`.',
      );
    }
    if ('ended' in holder) {
      holder.ended();
      throw new WireError('PERMISSION_DENIED', 'The task has ended: what is logged now is part of no run.');
    }
    let known = this.#clients.get(token);
    if (known === undefined) {
      const client = new TaskClient(this.#stores, holder.task);
      this.#clients.set(token, (known = { client, tracking: this.#stores.of(client) }));
    }
    await known.client.ready();
    return known.tracking;
  }

  /**
   * Writes what the clients of a task have logged under that name to the disk. `false`: nothing was.
   * @param target absolute; nothing is there
   */
  async bring(token: string, name: string, target: string): Promise<boolean> {
    const known = this.#clients.get(token);
    const logged = known === undefined ? undefined : loggedAs(known.tracking, known.client.runs, name);
    if (logged === undefined) return false;
    await writeOut(this.#stores, logged, target);
    return true;
  }

  /** A task has ended. */
  end(token: string, status: TrackedEnd): void {
    this.#clients.get(token)?.client.end(status);
    this.#clients.delete(token);
  }

  close(): void {
    this.#stores.close();
  }
}

/** A model, or artifacts of a run. Of several of that name the last counts; one that is not whole is none. */
function loggedAs(
  tracking: Tracking,
  runs: readonly string[],
  name: string,
): ReturnType<typeof filesAt> | undefined {
  const model = tracking.models
    .all()
    .findLast((one) => one.name === name && one.status === 'READY' && runs.includes(one.run ?? ''));
  if (model !== undefined) return { files: model.artifacts, single: false };
  for (const id of runs.toReversed()) {
    const run = tracking.runs.find(id);
    const found =
      run === undefined ? undefined : filesAt(tracking, `${run.experiment}/${id}/artifacts/${name}`);
    if (found !== undefined && found.files.size > 0) return found;
  }
  return undefined;
}
