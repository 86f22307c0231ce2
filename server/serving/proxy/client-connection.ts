/** One client's connection: requests one after the other, however they come (kept alive, pipelined, in pieces). */
import type net from 'node:net';
import { type Client, Exchange } from './exchange.js';
import { readRequestHead } from './head.js';
import type { TrafficObserver } from './observer.js';
import type { Router } from './router.js';

const MAX_HEAD = 64 * 1024;
/** Of requests that came while another is answered. */
const MAX_PENDING = 64 * 1024;
const SMALL = 8 * 1024;
const IDLE_MS = 75_000;
const HEAD_MS = 60_000;
/** How long what a client still sends is read and thrown away after its last answer. */
const LINGER_MS = 2_000;

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};

export interface Shared {
  readonly router: Router;
  readonly observer: TrafficObserver;
  /** The host is about to stop. */
  readonly closing: boolean;
  gone(connection: ClientConnection): void;
}

export class ClientConnection implements Client {
  readonly address: string;
  readonly #socket: net.Socket;
  readonly #shared: Shared;
  #exchange: Exchange | undefined;
  #pending: Buffer | undefined;
  #held = false;
  /** In `#requests`, which must not be entered a second time. */
  #reading = false;
  #ended = false;
  /** No request is read any more. */
  #last = false;
  /** Since when it waits for a request, or for the rest of a head. */
  #since = Date.now();

  constructor(socket: net.Socket, shared: Shared) {
    this.#socket = socket;
    this.#shared = shared;
    this.address = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
    socket.on('data', (data: Buffer) => this.#data(data));
    socket.on('drain', () => this.#exchange?.clientDrained());
    socket.on('end', () => this.#clientEnded());
    // Always followed by `close`.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#last = true;
      const exchange = this.#exchange;
      this.#exchange = undefined;
      exchange?.clientGone();
      shared.gone(this);
    });
  }

  get closing(): boolean {
    return this.#shared.closing || this.#ended;
  }

  #data(data: Buffer): void {
    const exchange = this.#exchange;
    if (this.#last) return;
    if (exchange === undefined) {
      this.#append(data);
      this.#requests();
    } else if (exchange.isTunnel) exchange.feed(data);
    else if (exchange.requestDone) {
      this.#append(data);
      if ((this.#pending?.length ?? 0) > MAX_PENDING) this.hold(true);
    } else {
      const taken = exchange.feed(data);
      if (taken === -1) {
        exchange.clientGone();
        this.#bad(400, 'chunks that are none');
      } else if (taken < data.length) this.#append(data.subarray(taken));
    }
  }

  #append(data: Buffer): void {
    this.#pending = this.#pending === undefined ? data : Buffer.concat([this.#pending, data]);
  }

  /** Begins with the next request if its head is there; goes on as long as answers come at once. */
  #requests(): void {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#exchange === undefined && !this.#last && this.#pending !== undefined) {
      if (!this.#next(this.#pending)) break;
    }
    this.#reading = false;
    if (this.#exchange !== undefined || this.#last) return;
    if (this.#ended || this.#shared.closing) this.finished(true);
    else this.hold(false);
  }

  /** False: the head is not there yet. */
  #next(data: Buffer): boolean {
    let start = 0;
    // RFC 9112, 2.2: an empty line before a request is overlooked.
    while (data[start] === 0x0d && data[start + 1] === 0x0a) start += 2;
    const end = data.indexOf('\r\n\r\n', start);
    if (end === -1 ? data.length - start > MAX_HEAD : end - start > MAX_HEAD) {
      this.#bad(431, 'a head of more than 64 KiB');
      return true;
    }
    if (end === -1) {
      this.#pending = start === data.length ? undefined : data.subarray(start);
      return false;
    }
    const head = readRequestHead(data.toString('latin1', start, end));
    if ('bad' in head) {
      this.#bad(head.bad, head.why);
      return true;
    }
    this.#pending = undefined;
    const exchange = new Exchange(this, this.#shared.router, this.#shared.observer, head);
    this.#exchange = exchange;
    const from = end + 4;
    // Held back for what was pending: there is room now, unless the app has none.
    this.hold(false);
    const taken = exchange.start(data, from);
    if (taken === -1) {
      this.#exchange = undefined;
      this.#bad(400, 'chunks that are none');
    } else if (from + taken < data.length) {
      this.#pending = data.subarray(from + taken);
    }
    return true;
  }

  write(head: string, body: Buffer | undefined): boolean {
    const socket = this.#socket;
    if (socket.destroyed) return true;
    if (body === undefined) return head === '' || socket.write(head, 'latin1');
    if (head === '') return socket.write(body);
    if (body.length <= SMALL) return socket.write(head + body.toString('latin1'), 'latin1');
    socket.cork();
    socket.write(head, 'latin1');
    const room = socket.write(body);
    socket.uncork();
    return room;
  }

  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#socket.pause();
    else this.#socket.resume();
  }

  takePending(): Buffer | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  /** What can't be understood: nothing after it could be, either. */
  #bad(status: number, why: string): void {
    this.#exchange = undefined;
    this.#answer(status, `${why} is not understood`, true);
    this.#close();
  }

  refuse(status: number, message: string, last: boolean): void {
    const close = last || this.closing;
    this.#answer(status, message, close);
    this.finished(close);
  }

  #answer(status: number, message: string, close: boolean): void {
    const body = JSON.stringify({ error: { status, message } });
    const retry = status === 503 ? 'Retry-After: 1\r\n' : '';
    const connection = close ? 'Connection: close\r\n' : '';
    this.write(
      `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${retry}${connection}\r\n${body}`,
      undefined,
    );
  }

  finished(close: boolean): void {
    this.#exchange = undefined;
    this.#since = Date.now();
    if (close || this.closing) this.#close();
    else if (this.#pending !== undefined) this.#requests();
    else this.hold(false);
  }

  /** Our side first, then a while of reading on: closing at once could reset the answer away. */
  #close(): void {
    this.#last = true;
    this.#pending = undefined;
    this.#since = Date.now();
    this.hold(false);
    this.#socket.end(() => {
      const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
      this.#socket.once('close', () => clearTimeout(timer));
    });
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#exchange = undefined;
    this.#socket.destroy();
  }

  #clientEnded(): void {
    this.#ended = true;
    if (this.#exchange === undefined) this.#socket.end();
    else this.#exchange.clientEnded();
  }

  /** The host stops: what is idle is closed, what is not is closed after its answer. */
  stop(): void {
    if (this.#exchange === undefined && !this.#last) this.#close();
  }

  sweep(now: number): void {
    if (this.#exchange !== undefined) return;
    if (now - this.#since > (this.#pending === undefined ? IDLE_MS : HEAD_MS)) this.#socket.destroy();
  }
}
