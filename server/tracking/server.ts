/** The tracking server: what MLflow clients of this machine log to, beside runs of pipelines. */
import type { Holder } from '../stores/registry/types.js';
import { answer } from './answer.js';
import { Guard } from './guard.js';
import { type Listening, listenForClients } from './listening.js';
import { Tracking } from './tracking.js';

export type TrackingServer = Listening;

export interface TrackingOptions {
  /** Absolute, of the project. */
  readonly root: string;
  /** 0: a free one. */
  readonly port: number;
  /** What clients have to know. */
  readonly token: string;
  readonly heldBy: Holder;
  /** Gets what went wrong here and not with the client, in words. */
  readonly onProblem: (message: string) => void;
}

/** Resolves when it listens. Rejects with the system's error, such as that the port is taken. */
export async function serveTracking(options: TrackingOptions): Promise<TrackingServer> {
  const tracking = Tracking.open(options.root, options.heldBy);
  const guard = new Guard(options.token);
  const admit = (request: Parameters<Guard['demand']>[0]): Tracking => {
    guard.demand(request);
    return tracking;
  };
  const listening = await listenForClients(options.port, (request, response) =>
    answer(admit, request, response, options.onProblem),
  );
  return {
    ...listening,
    close: async () => {
      await listening.close();
      tracking.close();
    },
  };
}
