/** Answers MLflow clients of a run's tasks: a port of this machine, and what is loaded when one of them asks, or soon will. */
import { randomBytes } from 'node:crypto';
import type { Admitted, TaskTracking } from '../../runner/execute/task-tracking.js';
import { describeError, errorCode } from '../../stores/disk/problem.js';
import type { TrackedEnd, TrackedTask } from '../../stores/tracking/tracked-task.js';
import { type Listening, listenForClients } from '../../tracking/listening.js';
import type { TaskRequests, TokenHolder } from '../../tracking/task-requests.js';

/**
 * @param root absolute, of the project
 * @param onProblem gets what went wrong here and not with a client, in words
 */
export function taskTracking(root: string, onProblem: (message: string) => void): TaskTracking {
  return new TaskPort(root, onProblem);
}

class TaskPort implements TaskTracking {
  readonly #root: string;
  readonly #onProblem: (message: string) => void;
  readonly #tokens = new Map<string, TokenHolder>();
  #listening: Promise<Listening> | undefined;
  #requests: Promise<TaskRequests> | undefined;

  constructor(root: string, onProblem: (message: string) => void) {
    this.#root = root;
    this.#onProblem = onProblem;
  }

  async admit(
    task: TrackedTask,
    { port, soon, onLate }: Parameters<TaskTracking['admit']>[1],
  ): Promise<Admitted> {
    const { uri } = await (this.#listening ??= this.#listen(port));
    const token = randomBytes(24).toString('base64url');
    this.#tokens.set(token, { task });
    if (soon) this.#load().catch(() => undefined);
    return {
      uri,
      token,
      bring: async (name, target) => (await this.#requests)?.bring(token, name, target) ?? false,
      end: (status) => this.#end(token, status, onLate),
    };
  }

  async #listen(port: number): Promise<Listening> {
    const listen = (at: number): Promise<Listening> =>
      listenForClients(at, (request, response) => {
        this.#load().then(
          (requests) => requests.handle(request, response),
          (error: unknown) => {
            this.#onProblem(`MLflow clients can't be answered: ${describeError(error)}`);
            response.destroy();
          },
        );
      });
    try {
      return await listen(port);
    } catch (error) {
      if (port === 0 || errorCode(error) !== 'EADDRINUSE') throw error;
      this.#onProblem(`port ${port} of \`tracking\` is taken; MLflow clients are answered at another one`);
      return listen(0);
    }
  }

  #load(): Promise<TaskRequests> {
    return (this.#requests ??= import('./task-requests.js').then(({ openTaskRequests }) =>
      openTaskRequests(this.#root, (token) => this.#tokens.get(token), this.#onProblem),
    ));
  }

  async #end(token: string, status: TrackedEnd, onLate: () => void): Promise<void> {
    let told = false;
    const ended = (): void => {
      if (!told) onLate();
      told = true;
    };
    this.#tokens.set(token, { ended });
    (await this.#requests)?.end(token, status);
  }

  async close(): Promise<void> {
    await (await this.#listening)?.close();
    (await this.#requests)?.close();
  }
}
