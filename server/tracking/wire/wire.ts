/** What goes over MLflow's wire: its error codes, numbers as it writes them, and tokens of pages. */

/** Codes of MLflow, and the statuses that its server answers with. The client goes by the code. */
const STATUS = {
  BAD_REQUEST: 400,
  INVALID_PARAMETER_VALUE: 400,
  INVALID_STATE: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  ENDPOINT_NOT_FOUND: 404,
  RESOURCE_DOES_NOT_EXIST: 404,
  // A status of 408, 429 or from 500 on makes the client try again for minutes: not where that can't help.
  REQUEST_LIMIT_EXCEEDED: 413,
  NOT_IMPLEMENTED: 501,
  INTERNAL_ERROR: 500,
  TEMPORARILY_UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof STATUS;

/** A request that is refused: what the client raises. */
export class WireError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'WireError';
    this.code = code;
  }

  get status(): number {
    return STATUS[this.code];
  }
}

export function invalid(message: string): WireError {
  return new WireError('INVALID_PARAMETER_VALUE', message);
}

export function missing(message: string): WireError {
  return new WireError('RESOURCE_DOES_NOT_EXIST', message);
}

/** A double: JSON has no words for three of them, MLflow's are texts. */
export function wireNumber(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

/** A list of `{key, value}` as MLflow has tags and params. */
export function pairs(
  entries: Iterable<readonly [string, string]>,
): readonly { readonly key: string; readonly value: string }[] {
  return [...entries].map(([key, value]) => ({ key, value }));
}

/** One page of a list, and the token of the next; the token is the place in the list. */
export function pageOf<T>(
  all: readonly T[],
  limit: number,
  token: string | undefined,
): { readonly items: readonly T[]; readonly next: string | undefined } {
  const from = placeOf(token);
  const items = all.slice(from, from + limit);
  return { items, next: from + limit < all.length ? tokenOf(from + limit) : undefined };
}

export function tokenOf(place: number): string {
  return Buffer.from(JSON.stringify({ offset: place })).toString('base64');
}

/** @throws WireError */
export function placeOf(token: string | undefined): number {
  if (token === undefined || token === '') return 0;
  const text = Buffer.from(token, 'base64').toString('latin1');
  const place = /^\{"offset": ?(\d{1,15})\}$/.exec(text)?.[1];
  if (place === undefined) throw invalid('Invalid page token, could not base64-decode');
  return Number(place);
}

/** Throws for a limit that is out of bounds. */
export function limitOf(given: number | undefined, usual: number, most: number): number {
  const limit = given ?? usual;
  if (limit < 1 || limit > most) {
    throw invalid(
      `Invalid value ${limit} for parameter 'max_results' supplied: It must be at least 1 and at most ${most}`,
    );
  }
  return limit;
}
