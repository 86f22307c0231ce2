/** An MLflow server that is asked, as its client asks it. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { delay } from '../../base/delay.js';
import { isRecord } from '../../base/is-record.js';
import { describeError } from '../../stores/disk/problem.js';

/** Waits before the second and further tries. MLflow's servers answer slowly, and sometimes not at all. */
const WAITS_MS = [0, 1_000, 4_000, 10_000];
const TIMEOUT_MS = 120_000;
const AGAIN: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** The server has refused, or does not answer. */
export class RemoteError extends Error {
  /** As MLflow names it; empty where it is none of its. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'RemoteError';
    this.code = code;
  }
}

export interface RemoteOptions {
  /** As `MLFLOW_TRACKING_URI` has it; a path in it is kept. */
  readonly uri: string;
  /** Of the `Authorization` header; absent: none. */
  readonly authorization?: string;
}

/** Where secrets of the server come from: as MLflow's client, a name and its password before a token. */
export function authorizationIn(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const { MLFLOW_TRACKING_USERNAME: user = '', MLFLOW_TRACKING_PASSWORD: password = '' } = environment;
  const { MLFLOW_TRACKING_TOKEN: token = '' } = environment;
  if (user !== '' && password !== '') return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return token === '' ? undefined : `Bearer ${token}`;
}

/** What of a request is said for each try. */
type Request = Omit<RequestInit, 'headers'> & {
  readonly headers?: Readonly<Record<string, string>>;
  readonly duplex?: 'half';
};

export class Remote {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ uri, authorization }: RemoteOptions) {
    let end = uri.length;
    while (uri[end - 1] === '/') end--;
    this.#base = uri.slice(0, end);
    this.#headers = authorization === undefined ? {} : { Authorization: authorization };
  }

  /** Rejects with a `RemoteError`. */
  async get(
    route: string,
    query: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, unknown>>> {
    return this.#json(`/api/2.0/mlflow/${route}?${new URLSearchParams(query).toString()}`, { method: 'GET' });
  }

  /** Rejects with a `RemoteError`. What is sent again because no answer came changes nothing more. */
  async post(route: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    return this.#json(`/api/2.0/mlflow/${route}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /**
   * Rejects with a `RemoteError`.
   * @param place below the artifacts that the server keeps itself
   * @param file absolute
   */
  async put(place: string, file: string, bytes: number): Promise<void> {
    const target = place.split('/').map(encodeURIComponent).join('/');
    await this.#ask(`/api/2.0/mlflow-artifacts/artifacts/${target}`, () => ({
      method: 'PUT',
      headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(bytes) },
      body: Readable.toWeb(createReadStream(file)) as ReadableStream,
      duplex: 'half',
    }));
  }

  async #json(path: string, init: Request): Promise<Readonly<Record<string, unknown>>> {
    const text = await this.#ask(path, () => init);
    try {
      const value: unknown = JSON.parse(text === '' ? '{}' : text);
      if (isRecord(value)) return value;
    } catch {
      // Not MLflow's.
    }
    throw new RemoteError('', `${this.#base} does not answer as an MLflow server does`);
  }

  async #ask(path: string, init: () => Request): Promise<string> {
    let last = new RemoteError('', `${this.#base} does not answer`);
    for (const wait of WAITS_MS) {
      await delay(wait);
      const given = init();
      try {
        const answer = await fetch(`${this.#base}${path}`, {
          ...given,
          headers: { ...given.headers, ...this.#headers },
          // A redirection turns a POST into a GET, or leads the token elsewhere.
          redirect: 'error',
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        const text = await answer.text();
        if (answer.ok) return text;
        last = refusal(answer.status, text);
        if (!AGAIN.has(answer.status)) throw last;
      } catch (error) {
        if (error instanceof RemoteError) throw error;
        const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
        last = new RemoteError('', `${this.#base} does not answer: ${describeError(cause)}`);
      }
    }
    throw last;
  }
}

function refusal(status: number, text: string): RemoteError {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value) && typeof value['error_code'] === 'string')
      return new RemoteError(
        value['error_code'],
        `${String(status)} ${value['error_code']}: ${textOf(value['message']).slice(0, 300)}`,
      );
  } catch {
    // A page for people.
  }
  return new RemoteError(status === 401 ? 'UNAUTHENTICATED' : '', `it answers with status ${String(status)}`);
}

/** A field of an answer that ought to be a text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
