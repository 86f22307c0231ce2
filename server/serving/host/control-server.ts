/** Orders to a host: HTTP on loopback, with a token that only the user's own processes can read. */
import { isRecord } from '../../base/is-record.js';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { rmSync } from 'node:fs';
import http from 'node:http';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { ownIdentity } from '../../stores/machine/liveness.js';
import type { ServiceEvent } from '../types.js';

const MAX_BODY = 4 * 1024 * 1024;

/** `control.json` */
export interface ControlFile {
  readonly port: number;
  readonly token: string;
  readonly pid: number;
}

/** One line of an answer: what happens meanwhile, and at last what it came to. */
export type ControlLine =
  | { readonly type: 'event'; readonly event: ServiceEvent }
  | { readonly type: 'result'; readonly ok: boolean; readonly message: string; readonly value?: unknown };

export interface ControlResult {
  readonly ok: boolean;
  readonly message: string;
  readonly value?: unknown;
}

/** The value of an order that was refused because secrets are missing. */
export interface MissingSecrets {
  readonly missingSecrets: readonly string[];
}

export interface ControlHandlers {
  /** Carries out an order. Called with what was sent, checked for nothing but being a JSON object. */
  order(verb: string, body: Readonly<Record<string, unknown>>): Promise<ControlResult>;
  /** Tells what happens, until the given function is called. */
  listen(listener: (event: ServiceEvent) => void): () => void;
}

export class ControlServer {
  readonly #handlers: ControlHandlers;
  readonly #file: string;
  readonly #token = randomBytes(24).toString('hex');
  readonly #server: http.Server;

  constructor(file: string, handlers: ControlHandlers) {
    this.#file = file;
    this.#handlers = handlers;
    this.#server = http.createServer((request, response) => void this.#answer(request, response));
  }

  /** Listens, and says where. Rejects with the system's error. */
  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
    const address = this.#server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const content: ControlFile = { port, token: this.#token, pid: ownIdentity().pid };
    writeAtomic(this.#file, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  }

  /** Takes no more orders; resolves when the answers under way are out. */
  async close(): Promise<void> {
    rmSync(this.#file, { force: true });
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #allowed(request: http.IncomingMessage): boolean {
    const given = Buffer.from(request.headers.authorization ?? '');
    const wanted = Buffer.from(`Bearer ${this.#token}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    if (!this.#allowed(request)) {
      response.writeHead(401).end();
      return;
    }
    const body = await readBody(request);
    if (body === undefined) {
      response.writeHead(400).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/x-ndjson', connection: 'close' });
    const write = (line: ControlLine): void => {
      if (!response.destroyed) response.write(`${JSON.stringify(line)}\n`);
    };
    const verb = (request.url ?? '/').slice(1);
    const unlisten = this.#handlers.listen((event) => write({ type: 'event', event }));
    try {
      write({ type: 'result', ...(await this.#handlers.order(verb, body)) });
    } catch (error) {
      write({ type: 'result', ok: false, message: error instanceof Error ? error.message : String(error) });
    } finally {
      unlisten();
      response.end();
    }
  }
}

async function readBody(request: http.IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > MAX_BODY) return undefined;
      parts.push(part);
    }
    const value: unknown = bytes === 0 ? {} : JSON.parse(Buffer.concat(parts).toString('utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
