/** One request and its answer on their way between a client and an app. */
import type { AppConnection, Backend, ConnectionUser } from './backend.js';
import { BodyReader } from './body.js';
import { type RequestHead, type ResponseHead, readResponseHead } from './head.js';
import type { TrafficObserver } from './observer.js';
import type { Router } from './router.js';
import { Sampling } from './sampling.js';

const MAX_HEAD = 64 * 1024;
/** A body up to this goes out in one piece with its head: copying it costs less than a second system call. */
const SMALL = 8 * 1024;
const ATTEMPTS = 3;
/** Methods that may be carried out twice (RFC 9110, 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** The client's side of an exchange. */
export interface Client {
  /** False: wait for `Exchange.clientDrained`. */
  write(head: string, body: Buffer | undefined): boolean;
  /** Halts or goes on with reading from the client. */
  hold(held: boolean): void;
  /** An answer of our own, complete. `close`: the connection can't be used again. */
  refuse(status: number, message: string, close: boolean): void;
  /** The answer is complete. `close`: the connection can't be used again. */
  finished(close: boolean): void;
  /** The answer can't be completed. */
  destroy(): void;
  /** No more will come from the app. */
  end(): void;
  /** Bytes that came after the request; with a change of protocol they are the app's. */
  takePending(): Buffer | undefined;
  readonly address: string;
  /** The host is about to stop: connections are not to be kept. */
  readonly closing: boolean;
}

export class Exchange implements ConnectionUser {
  readonly #client: Client;
  readonly #router: Router;
  readonly #observer: TrafficObserver;
  readonly #request: RequestHead;
  readonly #requestBody: BodyReader;
  readonly #began = performance.now();
  #backend: Backend | undefined;
  #connection: AppConnection | undefined;
  #attempts = 0;
  /** What was sent first, kept until the app answers: it can be sent again as long as nothing else was. */
  #head = '';
  #first: Buffer | undefined;
  #moreSent = false;
  /** The system took nothing of it: the connection's end was there, and only not seen yet. */
  #nothingSent = false;
  #part: Buffer | undefined;
  #response: ResponseHead | undefined;
  #responseBody: BodyReader | undefined;
  #closeAfter = false;
  #tunnel = false;
  #over = false;
  #sampling: Sampling | undefined;

  constructor(client: Client, router: Router, observer: TrafficObserver, request: RequestHead) {
    this.#client = client;
    this.#router = router;
    this.#observer = observer;
    this.#request = request;
    this.#requestBody = new BodyReader(request.framing);
    if (request.json && request.method === 'POST' && observer.wants()) this.#sampling = new Sampling();
  }

  get requestDone(): boolean {
    return this.#requestBody.done;
  }

  get isTunnel(): boolean {
    return this.#tunnel;
  }

  /** Sends the head and what has come of the body. Gives how many bytes from `from` on were the body's; -1: not HTTP. */
  start(data: Buffer, from: number): number {
    const taken = this.#requestBody.take(data, from);
    if (taken === -1) {
      this.#over = true;
      return -1;
    }
    this.#first = taken === 0 ? undefined : data.subarray(from, from + taken);
    if (this.#first !== undefined) this.#sampling?.request(this.#first);
    this.#head = this.#headForApp();
    this.#send(undefined, false);
    return taken;
  }

  /** More of the body. Gives how many bytes were its; -1: no chunks. */
  feed(data: Buffer): number {
    if (this.#tunnel) {
      this.#toApp(data);
      return data.length;
    }
    const taken = this.#requestBody.take(data, 0);
    if (taken > 0) {
      const part = taken === data.length ? data : data.subarray(0, taken);
      this.#sampling?.request(part);
      this.#moreSent = true;
      this.#toApp(part);
    }
    return taken;
  }

  #toApp(data: Buffer): void {
    const socket = this.#connection?.socket;
    if (socket !== undefined && !socket.destroyed && !socket.write(data)) this.#client.hold(true);
  }

  #headForApp(): string {
    const { method, target, minor, headers, forwardedFor, upgrade } = this.#request;
    const seen =
      forwardedFor === undefined ? this.#client.address : `${forwardedFor}, ${this.#client.address}`;
    let connection = '';
    if (upgrade !== undefined) connection = `Connection: upgrade\r\nUpgrade: ${upgrade}\r\n`;
    else if (minor === 0) connection = 'Connection: close\r\n';
    return `${method} ${target} HTTP/1.${minor}\r\n${headers}X-Forwarded-For: ${seen}\r\n${connection}\r\n`;
  }

  #send(failed: Backend | undefined, fresh: boolean): void {
    const backend = this.#router.pick(failed);
    if (backend === undefined) {
      this.#refuse(503, 'no process of this service is ready');
      return;
    }
    this.#attempts++;
    this.#backend = backend;
    backend.begin(this);
    const single = this.#request.minor === 0 || this.#request.upgrade !== undefined;
    const connection = backend.connect(fresh || single);
    connection.user = this;
    connection.uses++;
    this.#connection = connection;
    const { socket } = connection;
    const body = this.#first;
    let room: boolean;
    if (body === undefined) room = socket.write(this.#head, 'latin1');
    else if (body.length <= SMALL) {
      room = socket.write(this.#head + body.toString('latin1'), 'latin1');
    } else {
      socket.cork();
      socket.write(this.#head, 'latin1');
      room = socket.write(body);
      socket.uncork();
    }
    this.#nothingSent = socket.errored !== null;
    // While the connection is made, nothing more is taken than can be sent again elsewhere.
    if ((!room || socket.connecting) && !this.#requestBody.done) this.#client.hold(true);
  }

  fromApp(data: Buffer): void {
    if (this.#tunnel) {
      if (!this.#client.write('', data)) this.#connection?.socket.pause();
      return;
    }
    if (this.#responseBody !== undefined) {
      this.#body(this.#responseBody, '', data, 0);
      return;
    }
    const all = this.#part === undefined ? data : Buffer.concat([this.#part, data]);
    this.#part = undefined;
    const end = all.indexOf('\r\n\r\n');
    if (end === -1 ? all.length > MAX_HEAD : end > MAX_HEAD) {
      this.#badAnswer('an answer whose head is too long');
    } else if (end === -1) this.#part = all;
    else this.#headFromApp(all.toString('latin1', 0, end), all, end + 4);
  }

  #headFromApp(text: string, data: Buffer, from: number): void {
    const head = readResponseHead(text, this.#request.method === 'HEAD');
    if ('bad' in head) {
      this.#badAnswer(head.why);
      return;
    }
    if (head.status < 200 && head.status !== 101) {
      if (this.#request.minor === 1) {
        this.#client.write(`HTTP/1.1 ${head.status} ${head.reason}\r\n${head.headers}\r\n`, undefined);
      }
      if (from < data.length) this.fromApp(data.subarray(from));
      return;
    }
    this.#response = head;
    if (head.status === 101) {
      this.#openTunnel(head, data.subarray(from));
      return;
    }
    if (head.framing.kind === 'chunked' && this.#request.minor === 0) {
      this.#badAnswer('an answer in chunks to a client of HTTP/1.0');
      return;
    }
    const body = new BodyReader(head.framing);
    this.#responseBody = body;
    this.#closeAfter =
      !this.#request.keepAlive || body.untilClose || !this.#requestBody.done || this.#client.closing;
    this.#body(body, this.#headForClient(head), data, from);
  }

  #headForClient(head: ResponseHead): string {
    let connection = '';
    if (this.#closeAfter) connection = 'Connection: close\r\n';
    else if (this.#request.minor === 0) connection = 'Connection: keep-alive\r\n';
    const release = this.#backend?.release ?? '';
    return `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.headers}X-Modelyard-Release: ${release}\r\n${connection}\r\n`;
  }

  #body(body: BodyReader, head: string, data: Buffer, from: number): void {
    const taken = body.take(data, from);
    if (taken === -1) {
      this.#broken();
      return;
    }
    if (taken > 0 || head !== '') {
      const part = taken === 0 ? undefined : data.subarray(from, from + taken);
      if (part !== undefined) this.#sampling?.response(part);
      if (!this.#client.write(head, part)) this.#connection?.socket.pause();
    }
    if (body.done) this.#complete(from + taken === data.length);
  }

  /** `clean`: nothing came behind the answer. */
  #complete(clean: boolean): void {
    const response = this.#response;
    const backend = this.#backend;
    const connection = this.#connection;
    const status = response?.status ?? 0;
    this.#connection = undefined;
    this.#over = true;
    if (clean && response?.keepAlive === true && this.#request.minor === 1 && this.#requestBody.done) {
      connection?.socket.resume();
      connection?.backend.keep(connection, response.keepAliveSeconds);
    } else connection?.drop();
    backend?.done(this);
    const ms = performance.now() - this.#began;
    this.#observer.answered(backend?.release, status, ms, status >= 500);
    if (this.#sampling !== undefined && response !== undefined && backend !== undefined) {
      const bodies = this.#sampling.bodies(this.#request, response);
      if (bodies !== undefined) {
        const { method, target } = this.#request;
        this.#observer.sample({ release: backend.release, method, target, status, ms, ...bodies });
      }
    }
    this.#client.finished(this.#closeAfter || !this.#requestBody.done);
  }

  #openTunnel(head: ResponseHead, rest: Buffer): void {
    if (this.#request.upgrade === undefined) {
      this.#badAnswer('a change of protocol that nobody asked for');
      return;
    }
    this.#tunnel = true;
    const upgrade = head.upgrade ?? this.#request.upgrade;
    this.#client.write(
      `HTTP/1.1 101 ${head.reason}\r\n${head.headers}Connection: upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`,
      rest.length === 0 ? undefined : rest,
    );
    this.#observer.answered(this.#backend?.release, 101, performance.now() - this.#began, false);
    const pending = this.#client.takePending();
    if (pending !== undefined) this.#toApp(pending);
    this.#client.hold(false);
  }

  appDrained(): void {
    if (!this.#over) this.#client.hold(false);
  }

  appEnded(): void {
    if (this.#over) return;
    if (this.#tunnel) this.#client.end();
    else if (this.#responseBody?.untilClose === true) this.#complete(true);
  }

  appClosed(connected: boolean): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (this.#over || connection === undefined) return;
    if (this.#tunnel) {
      this.#over = true;
      this.#backend?.done(this);
      this.#client.finished(true);
    } else if (this.#response !== undefined) this.#broken();
    else if (this.#mayRepeat(connected)) {
      const failed = this.#backend;
      failed?.done(this);
      this.#part = undefined;
      this.#send(connection.uses > 1 ? undefined : failed, true);
    } else this.#refuse(502, 'the app closed the connection without an answer');
  }

  /**
   * Again, where nothing can have been done: the app was never reached, or nothing was sent to it; or where doing it twice
   * does no harm: a connection that the app closed while it was idle, or an app that died.
   */
  #mayRepeat(connected: boolean): boolean {
    if (this.#moreSent || this.#part !== undefined || this.#attempts >= ATTEMPTS) return false;
    return !connected || this.#nothingSent || IDEMPOTENT.has(this.#request.method);
  }

  #badAnswer(why: string): void {
    this.#refuse(502, `the app gave ${why}`);
  }

  #refuse(status: number, message: string): void {
    const backend = this.#backend;
    this.#over = true;
    this.#connection?.drop();
    this.#connection = undefined;
    backend?.done(this);
    this.#observer.answered(backend?.release, status, performance.now() - this.#began, true);
    // The rest of a body that nobody takes can't be told from the next request.
    this.#client.refuse(status, message, !this.#request.keepAlive || !this.#requestBody.done);
  }

  /** The answer has begun and can't be ended: only a cut connection tells the client so. */
  #broken(): void {
    const backend = this.#backend;
    this.#over = true;
    this.#connection?.drop();
    this.#connection = undefined;
    backend?.done(this);
    this.#observer.answered(
      backend?.release,
      this.#response?.status ?? 0,
      performance.now() - this.#began,
      true,
    );
    this.#client.destroy();
  }

  clientDrained(): void {
    this.#connection?.socket.resume();
  }

  /** The client sends nothing more. As for nginx and Node, a client that has not got its answer yet has gone away. */
  clientEnded(): void {
    if (this.#tunnel) this.#connection?.socket.end();
    else {
      this.clientGone();
      this.#client.destroy();
    }
  }

  clientGone(): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection?.drop();
    this.#connection = undefined;
    this.#backend?.done(this);
    if (!this.#tunnel && this.#backend !== undefined) this.#observer.aborted(this.#backend.release);
  }

  cut(): void {
    if (this.#over) return;
    if (this.#tunnel) {
      this.#over = true;
      this.#connection?.drop();
      this.#connection = undefined;
      this.#backend?.done(this);
      this.#client.destroy();
    } else if (this.#response === undefined) this.#refuse(502, 'the release was stopped before it answered');
    else this.#broken();
  }
}
