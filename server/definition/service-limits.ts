/** What one client may ask of a service. */
export interface ServiceLimits {
  /** The content of one request; more is answered with 413. */
  readonly maxBodyBytes: number;
  /** The head of one request; more is answered with 431. */
  readonly maxHeaderBytes: number;
  /** A request's head has so long to arrive, and so has each next part of its body; else it is answered with 408. */
  readonly timeoutMs: number;
}

export const DEFAULT_LIMITS: ServiceLimits = {
  maxBodyBytes: 100 * 1024 * 1024,
  maxHeaderBytes: 64 * 1024,
  timeoutMs: 60_000,
};

/** A browser's cookies and a request line have to fit. */
export const LEAST_HEADER_BYTES = 1024;
