/** The tracking server: what MLflow clients of this machine log to, beside runs of pipelines. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Holder } from '../stores/registry/types.js';
import { answer } from './answer.js';
import { Guard } from './guard.js';
import { type Listening, type TakenOver, listenForClients, takeClients } from './listening.js';
import { Tracking } from './tracking.js';

/** A run that goes on keeps the server for so long: its script may train for hours between two steps. */
const LONGEST_STEP_MS = 24 * 3_600_000;

/** When clients were last here. */
export interface Quiet {
  /** ms since the last request was answered, 0 while one is; a run that goes on makes it 0, too, for a day. */
  readonly quietMs: number;
}

export type TrackingServer = Listening & Quiet;

export interface TrackingOptions {
  /** Absolute, of the project. */
  readonly root: string;
  /** What clients have to know. */
  readonly token: string;
  readonly heldBy: Holder;
  /** Gets what went wrong here and not with the client, in words. */
  readonly onProblem: (message: string) => void;
}

/**
 * Resolves when it listens. Rejects with the system's error, such as that the port is taken.
 *
 * @param port 0: a free one
 */
export async function serveTracking(options: TrackingOptions, port: number): Promise<TrackingServer> {
  const service = new Service(options);
  return service.around(await listenForClients(port, service.handle));
}

/** The same for clients of a port that another process has. */
export async function serveTakenOver(options: TrackingOptions): Promise<TakenOver & Quiet> {
  const service = new Service(options);
  return service.around(await takeClients(service.handle));
}

class Service {
  readonly #tracking: Tracking;
  readonly #guard: Guard;
  readonly #onProblem: (message: string) => void;
  #open = 0;
  #last = Date.now();

  constructor({ root, token, heldBy, onProblem }: TrackingOptions) {
    this.#tracking = Tracking.open(root, heldBy);
    this.#guard = new Guard(token);
    this.#onProblem = onProblem;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#open++;
    response.once('close', () => {
      this.#open--;
      this.#last = Date.now();
    });
    answer((one) => this.#admit(one), request, response, this.#onProblem);
  };

  #admit(request: IncomingMessage): Tracking {
    this.#guard.demand(request);
    return this.#tracking;
  }

  get #quietMs(): number {
    const ms = this.#open > 0 ? 0 : Date.now() - this.#last;
    return ms < LONGEST_STEP_MS && this.#tracking.runs.writesLive ? 0 : ms;
  }

  around<T extends { close(): Promise<void> }>(clients: T): T & Quiet {
    const quietMs = (): number => this.#quietMs;
    return {
      ...clients,
      get quietMs() {
        return quietMs();
      },
      close: async () => {
        await clients.close();
        this.#tracking.close();
      },
    };
  }
}
