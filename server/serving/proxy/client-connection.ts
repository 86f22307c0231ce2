/** One client's connection: requests one after the other, however they come (kept alive, pipelined, in pieces). */
import type net from 'node:net';
import type { ServiceLimits } from '../../definition/service-limits.js';
import { type Client, BAD_CHUNKS, Exchange, TOO_LARGE } from './exchange.js';
import { type RequestHead, readRequestHead } from './head.js';
import type { TrafficObserver } from './observer.js';
import type { Router } from './router.js';
import { writeParts } from './write.js';

/** Of requests that came while another is answered. */
const MAX_PENDING = 64 * 1024;
const IDLE_MS = 75_000;
/** A client that has read nothing of its answer for so long is not going to. */
const STALLED_MS = 60_000;
/** A body may also take a second for so many bytes: who sends less is held to be keeping the connection busy on purpose. */
const LEAST_BYTES_PER_SECOND = 1024;
/**
 * What a client still sends after its last answer is read and thrown away, or the answer could be reset away: until it has
 * been silent for so long, and no longer than so long altogether.
 */
const LINGER_MS = 5_000;
const LONGEST_LINGER_MS = 30_000;
const CLOSING_LINGER_MS = 2_000;

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};

export interface Shared {
  readonly router: Router;
  readonly observer: TrafficObserver;
  readonly limits: ServiceLimits;
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
  /** Since when it waits for a request, the rest of a head, or the next part of a body. */
  #since = Date.now();
  /** Of the body that is being read: when it began, what has come, and how long it was held back by us. */
  #bodySince = 0;
  #bodyBytes = 0;
  #heldMs = 0;
  #heldSince = 0;
  #linger: NodeJS.Timeout | undefined;
  /** Since when the client has not read what was written. */
  #stalledSince: number | undefined;

  constructor(socket: net.Socket, shared: Shared) {
    this.#socket = socket;
    this.#shared = shared;
    this.address = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
    socket.on('data', (data: Buffer) => this.#data(data));
    socket.on('drain', () => {
      this.#stalledSince = undefined;
      this.#exchange?.clientDrained();
    });
    socket.on('end', () => this.#clientEnded());
    // Always followed by `close`.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(this.#linger);
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

  get maxBodyBytes(): number {
    return this.#shared.limits.maxBodyBytes;
  }

  /** Since when nothing is under way on it, in ms since 1970; nothing while something is. */
  get idleSince(): number | undefined {
    return this.#exchange === undefined ? this.#since : undefined;
  }

  #data(data: Buffer): void {
    const exchange = this.#exchange;
    if (this.#last) {
      this.#linger?.refresh();
      return;
    }
    if (exchange === undefined) {
      this.#append(data);
      this.#requests();
    } else if (exchange.isTunnel) exchange.feed(data);
    else if (exchange.requestDone) {
      this.#append(data);
      if ((this.#pending?.length ?? 0) > MAX_PENDING) this.hold(true);
    } else {
      const taken = exchange.feed(data);
      this.#since = Date.now();
      this.#bodyBytes += data.length;
      if (taken < 0) this.#spoiled(exchange, taken);
      else if (taken < data.length) this.#append(data.subarray(taken));
    }
  }

  /** A body can't be taken any further. */
  #spoiled(exchange: Exchange, why: number): void {
    const { answering } = exchange;
    exchange.clientGone();
    // In the middle of an answer nothing else can be said.
    if (answering) this.destroy();
    else if (why === BAD_CHUNKS) this.#bad(400, 'chunks that are none are not understood');
    else if (why === TOO_LARGE) this.#tooLarge();
    else this.#bad(503, 'there is no room for the body of this request now; try again');
  }

  #tooLarge(): void {
    this.#bad(413, `a request may have ${this.maxBodyBytes} bytes; max-body of the service says so`);
  }

  #append(data: Buffer): void {
    if (this.#pending === undefined && this.#exchange === undefined) this.#since = Date.now();
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
    const { maxHeaderBytes } = this.#shared.limits;
    if ((end === -1 ? data.length : end) - start > maxHeaderBytes) {
      this.#bad(431, `a head may have ${maxHeaderBytes} bytes; max-header of the service says so`);
      return true;
    }
    if (end === -1) {
      this.#pending = start === data.length ? undefined : data.subarray(start);
      return false;
    }
    const head = readRequestHead(data.toString('latin1', start, end));
    if ('bad' in head) {
      this.#bad(head.bad, `${head.why} is not understood`);
      return true;
    }
    if (head.framing.kind === 'length' && head.framing.length > this.maxBodyBytes) {
      this.#tooLarge();
      return true;
    }
    this.#begin(head, data, end + 4);
    return true;
  }

  #begin(head: RequestHead, data: Buffer, from: number): void {
    this.#pending = undefined;
    this.#since = this.#bodySince = Date.now();
    this.#heldMs = 0;
    this.#bodyBytes = data.length - from;
    const exchange = new Exchange(this, this.#shared.router, this.#shared.observer, head);
    this.#exchange = exchange;
    // Held back for what was pending: there is room now, unless the app has none.
    this.hold(false);
    const taken = exchange.start(data, from);
    if (taken < 0) this.#spoiled(exchange, taken);
    else if (from + taken < data.length) this.#pending = data.subarray(from + taken);
  }

  write(head: string, pieces: readonly Buffer[]): boolean {
    const socket = this.#socket;
    if (socket.destroyed || writeParts(socket, head, pieces)) return true;
    this.#stalledSince ??= Date.now();
    return false;
  }

  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    const now = Date.now();
    if (held) {
      this.#heldSince = now;
      this.#socket.pause();
    } else {
      this.#heldMs += now - this.#heldSince;
      this.#since = now;
      this.#socket.resume();
    }
  }

  takePending(): Buffer | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  /** What can't be taken: nothing after it could be, either. */
  #bad(status: number, message: string): void {
    this.#exchange = undefined;
    this.#answer(status, message, true);
    this.#close();
  }

  /** There is no room for another client. */
  turnAway(): void {
    this.#answer(503, 'too many clients are connected; try again', true);
    this.#last = true;
    this.#socket.destroySoon();
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
      [],
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
    this.hold(false);
    const socket = this.#socket;
    socket.end(() => {
      if (socket.destroyed) return;
      const { closing } = this.#shared;
      this.#linger = setTimeout(() => socket.destroy(), closing ? CLOSING_LINGER_MS : LINGER_MS);
      const longest = setTimeout(() => socket.destroy(), closing ? CLOSING_LINGER_MS : LONGEST_LINGER_MS);
      socket.once('close', () => clearTimeout(longest));
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

  /** Ends what takes too long. */
  sweep(now: number): void {
    if (this.#last) return;
    const { timeoutMs } = this.#shared.limits;
    const exchange = this.#exchange;
    if (exchange === undefined) {
      if (this.#pending === undefined) {
        if (now - this.#since > IDLE_MS) this.#socket.destroy();
      } else if (now - this.#since > timeoutMs) this.#late();
      return;
    }
    if (exchange.isTunnel) return;
    if (this.#stalledSince !== undefined && now - this.#stalledSince > Math.max(timeoutMs, STALLED_MS)) {
      this.#socket.destroy();
      return;
    }
    if (exchange.requestDone || this.#held) return;
    const most = timeoutMs + (this.#bodyBytes / LEAST_BYTES_PER_SECOND) * 1000;
    if (now - this.#since <= timeoutMs && now - this.#bodySince - this.#heldMs <= most) return;
    const { answering } = exchange;
    exchange.clientGone();
    if (answering) this.destroy();
    else this.#late();
  }

  #late(): void {
    this.#bad(408, 'the request took too long to arrive; timeout of the service says how long it may');
  }
}
