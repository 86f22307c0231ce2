/** What the proxy tells about the traffic that passes. Called for each request: cheap, or not at all. */

/** One JSON request and its answer, as they were. */
export interface Exchanged {
  readonly release: string;
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly ms: number;
  readonly request: Buffer;
  readonly response: Buffer;
}

export interface TrafficObserver {
  /**
   * A request was answered. `failed`: by a status of 500 or above, by us in place of the app, or not to its end.
   * `ms`: from the request's head to the answer's end. `release`: nothing when no process was ready.
   */
  answered(release: string | undefined, status: number, ms: number, failed: boolean): void;
  /** The client went away before it had its answer. */
  aborted(release: string): void;
  /** Whether the JSON request that begins now is to be kept. */
  wants(): boolean;
  sample(exchanged: Exchanged): void;
}
