/** One request and its answer on their way between a client and an app. */
import type { AppConnection, Backend, ConnectionUser } from './backend.js';
import { BodyReader, LAST_CHUNK, asChunk } from './body.js';
import {
  type Framing,
  type RequestHead,
  type ResponseHead,
  framingHeader,
  hasBody,
  readResponseHead,
} from './head.js';
import { giveRoomBack, takeRoom } from './room.js';
import type { TrafficObserver } from './observer.js';
import type { Router } from './router.js';
import { Sampling } from './sampling.js';
import { writeParts } from './write.js';

const MAX_HEAD = 64 * 1024;
const ATTEMPTS = 3;
/** Methods that may be carried out twice (RFC 9110, 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** Why a part of a request can't be taken, in place of how many bytes were. */
export const BAD_CHUNKS = -1;
export const TOO_LARGE = -2;
/** Too much of other requests is waiting. */
export const NO_ROOM = -3;

/** The client's side of an exchange. */
export interface Client {
  /** False: wait for `Exchange.clientDrained`. */
  write(head: string, pieces: readonly Buffer[]): boolean;
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
  /** The content of a request may have so many bytes. */
  readonly maxBodyBytes: number;
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
  /** What came of the body first, kept until the app answers: it can be sent again as long as nothing else was. */
  #content: Buffer[] = [];
  #contentBytes = 0;
  /** The app gets the body in chunks of ours. */
  #inChunks = false;
  /** The app takes no chunks: their content is kept until its length is known. */
  #spooling = false;
  #room = 0;
  #moreSent = false;
  /** The system took nothing of it: the connection's end was there, and only not seen yet. */
  #nothingSent = false;
  #part: Buffer | undefined;
  #response: ResponseHead | undefined;
  #responseBody: BodyReader | undefined;
  #answersInChunks = false;
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

  /** The client has got the beginning of an answer. */
  get answering(): boolean {
    return this.#response !== undefined;
  }

  /** Sends the head and what has come of the body. Gives how many bytes from `from` on were the body's; below 0: why not. */
  start(data: Buffer, from: number): number {
    const taken = this.#take(data, from, this.#content);
    if (taken < 0) this.#over = true;
    else this.#send(undefined, false);
    return taken;
  }

  /** More of the body. Gives how many bytes were its; below 0: why none. */
  feed(data: Buffer): number {
    if (this.#tunnel) {
      this.#toApp([data]);
      return data.length;
    }
    const content: Buffer[] = [];
    const taken = this.#take(data, 0, content);
    if (taken <= 0) return taken;
    if (this.#spooling) return this.#spool(content) ? taken : NO_ROOM;
    const pieces = this.#framed(content);
    if (pieces.length > 0) {
      this.#moreSent = true;
      this.#toApp(pieces);
    }
    return taken;
  }

  #take(data: Buffer, from: number, content: Buffer[]): number {
    const before = content.length;
    const taken = this.#requestBody.take(data, from, content);
    for (const piece of content.slice(before)) {
      this.#contentBytes += piece.length;
      this.#sampling?.request(piece);
    }
    if (taken === -1) return BAD_CHUNKS;
    return this.#contentBytes > this.#client.maxBodyBytes ? TOO_LARGE : taken;
  }

  /** As the app gets it. */
  #framed(content: readonly Buffer[]): readonly Buffer[] {
    if (!this.#inChunks) return content;
    const chunk = asChunk(content);
    return this.#requestBody.done ? [...chunk, LAST_CHUNK] : chunk;
  }

  #spool(content: readonly Buffer[]): boolean {
    for (const piece of content) {
      if (!takeRoom(piece.length)) return false;
      this.#room += piece.length;
      this.#content.push(piece);
    }
    if (this.#requestBody.done) {
      this.#spooling = false;
      this.#send(undefined, false);
    }
    return true;
  }

  #toApp(pieces: readonly Buffer[]): void {
    const socket = this.#connection?.socket;
    if (socket !== undefined && !socket.destroyed && !writeParts(socket, '', pieces)) this.#client.hold(true);
  }

  /** A body that is there as a whole goes with its length, which every app understands. */
  #framingForApp(): Framing {
    const { framing } = this.#request;
    if (framing.kind !== 'chunked' || !this.#requestBody.done) return framing;
    return { kind: 'length', length: this.#contentBytes };
  }

  #headForApp(framing: Framing): string {
    const { method, target, minor, host, headers, forwardedFor, upgrade, expectsContinue } = this.#request;
    const seen =
      forwardedFor === undefined ? this.#client.address : `${forwardedFor}, ${this.#client.address}`;
    let connection = '';
    if (upgrade !== undefined) connection = `Connection: upgrade\r\nUpgrade: ${upgrade}\r\n`;
    else if (minor === 0) connection = 'Connection: close\r\n';
    const expect = expectsContinue && !this.#requestBody.done ? 'Expect: 100-continue\r\n' : '';
    const asked = host === undefined ? '' : `Host: ${host}\r\n`;
    return `${method} ${target} HTTP/1.${minor}\r\n${asked}${headers}${framingHeader(framing)}${expect}X-Forwarded-For: ${seen}\r\n${connection}\r\n`;
  }

  #send(failed: Backend | undefined, fresh: boolean): void {
    const backend = this.#router.pick(failed);
    if (backend === undefined) {
      this.#refuse(503, 'no process of this service is ready');
      return;
    }
    const framing = this.#framingForApp();
    this.#inChunks = framing.kind === 'chunked';
    if (this.#inChunks && !backend.proof.chunks) {
      this.#spooling = true;
      if (this.#request.expectsContinue) this.#client.write('HTTP/1.1 100 Continue\r\n\r\n', []);
      this.#client.hold(false);
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
    const room = writeParts(socket, this.#headForApp(framing), this.#framed(this.#content));
    this.#nothingSent = socket.failed;
    // While the connection is made, nothing more is taken than can be sent again elsewhere.
    if ((!room || socket.connecting) && !this.#requestBody.done) this.#client.hold(true);
  }

  fromApp(data: Buffer): void {
    if (this.#tunnel) {
      if (!this.#client.write('', [data])) this.#connection?.socket.pause();
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
      const wanted = head.status !== 100 || this.#request.expectsContinue;
      if (this.#request.minor === 1 && wanted) {
        this.#client.write(`HTTP/1.1 ${head.status} ${head.reason}\r\n${head.headers}\r\n`, []);
      }
      if (from < data.length) this.fromApp(data.subarray(from));
      return;
    }
    this.#response = head;
    if (head.status === 101) {
      this.#openTunnel(head, data.subarray(from));
      return;
    }
    const body = new BodyReader(head.framing);
    this.#responseBody = body;
    const chunked = head.framing.kind === 'chunked';
    this.#answersInChunks = chunked && this.#request.minor === 1;
    this.#closeAfter =
      !this.#request.keepAlive ||
      body.untilClose ||
      chunked !== this.#answersInChunks ||
      !this.#requestBody.done ||
      this.#client.closing;
    this.#body(body, this.#headForClient(head), data, from);
  }

  #headForClient(head: ResponseHead): string {
    let connection = '';
    if (this.#closeAfter) connection = 'Connection: close\r\n';
    else if (this.#request.minor === 0) connection = 'Connection: keep-alive\r\n';
    const release = this.#backend?.release ?? '';
    const framing = head.framing.kind === 'none' ? head.announced : head.framing;
    const length = framing.kind === 'chunked' && this.#request.minor === 0 ? '' : framingHeader(framing);
    return `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.headers}${length}X-Modelyard-Release: ${release}\r\n${connection}\r\n`;
  }

  #body(body: BodyReader, head: string, data: Buffer, from: number): void {
    const content: Buffer[] = [];
    const taken = body.take(data, from, content);
    if (taken === -1) {
      if (head === '') this.#broken();
      else this.#badAnswer('chunks that are none');
      return;
    }
    if (this.#sampling !== undefined) for (const piece of content) this.#sampling.response(piece);
    const pieces = this.#answersInChunks ? asChunk(content) : content;
    if (this.#answersInChunks && body.done) pieces.push(LAST_CHUNK);
    if (!this.#client.write(head, pieces)) this.#connection?.socket.pause();
    if (body.done) this.#complete(from + taken === data.length);
  }

  /** `clean`: nothing came behind the answer. */
  #complete(clean: boolean): void {
    const response = this.#response;
    const backend = this.#backend;
    const connection = this.#connection;
    const status = response?.status ?? 0;
    this.#connection = undefined;
    if (!clean) backend?.distrust();
    if (connection !== undefined && response !== undefined && clean && this.#mayKeep(connection, response)) {
      connection.socket.resume();
      connection.backend.keep(connection, response.keepAliveSeconds);
    } else connection?.drop();
    this.#settle();
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

  /**
   * Whether the next request, which may be somebody else's, can go over the same connection: only where there is no doubt
   * that both sides take the same place for the end of this one.
   */
  #mayKeep({ socket, backend }: AppConnection, response: ResponseHead): boolean {
    const { minor, upgrade, expectsContinue, framing } = this.#request;
    return (
      response.keepAlive &&
      !response.doubtful &&
      minor === 1 &&
      upgrade === undefined &&
      !expectsContinue &&
      !socket.failed &&
      this.#requestBody.done &&
      (!hasBody(framing) || (this.#inChunks ? backend.proof.chunks : backend.proof.lengths))
    );
  }

  /** Nothing more is done for it. */
  #settle(): void {
    this.#over = true;
    this.#connection?.drop();
    this.#connection = undefined;
    this.#backend?.done(this);
    this.#content = [];
    giveRoomBack(this.#room);
    this.#room = 0;
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
      rest.length === 0 ? [] : [rest],
    );
    this.#observer.answered(this.#backend?.release, 101, performance.now() - this.#began, false);
    const pending = this.#client.takePending();
    if (pending !== undefined) this.#toApp([pending]);
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
      this.#settle();
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
    this.#settle();
    this.#observer.answered(backend?.release, status, performance.now() - this.#began, true);
    // The rest of a body that nobody takes can't be told from the next request.
    this.#client.refuse(status, message, !this.#request.keepAlive || !this.#requestBody.done);
  }

  /** The answer has begun and can't be ended: only a cut connection tells the client so. */
  #broken(): void {
    this.#settle();
    const ms = performance.now() - this.#began;
    this.#observer.answered(this.#backend?.release, this.#response?.status ?? 0, ms, true);
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
    this.#settle();
    if (!this.#tunnel && this.#backend !== undefined) this.#observer.aborted(this.#backend.release);
  }

  cut(): void {
    if (this.#over) return;
    if (this.#tunnel) {
      this.#settle();
      this.#client.destroy();
    } else if (this.#response === undefined) this.#refuse(502, 'the release was stopped before it answered');
    else this.#broken();
  }
}
