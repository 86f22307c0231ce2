/** One process of a release as the proxy sees it: a port on loopback, its idle connections, and who is using it. */
import { AppSocket } from './app-socket.js';

/** What an app that says nothing about it is trusted to keep open. The shortest default in use is two seconds. */
const IDLE_MS = 1_000;
/** Of the time an app announces. On a busy machine it may be late to see a request, and close the connection first. */
const IDLE_SHARE = 0.5;
const LONGEST_IDLE_MS = 30_000;
const MAX_IDLE = 128;

/** What was found out about an app by asking it (`framing-proof.ts`). Until then it is trusted with neither. */
export interface FramingProof {
  /** A body that the app does not care for does not become its next request. */
  readonly lengths: boolean;
  /** The same of bodies in chunks: it knows them. */
  readonly chunks: boolean;
}

const UNPROVEN: FramingProof = { lengths: false, chunks: false };

/** Whoever is waiting for an answer on a connection. */
export interface ConnectionUser {
  fromApp(data: Buffer): void;
  /** What was written has gone out: more can be. */
  appDrained(): void;
  /** The app sends nothing more. */
  appEnded(): void;
  /** The connection is gone. `connected`: it was there before. */
  appClosed(connected: boolean): void;
}

/** One connection to an app. */
export class AppConnection {
  readonly socket: AppSocket;
  readonly backend: Backend;
  user: ConnectionUser | undefined;
  connected = false;
  /** How many requests it has carried. */
  uses = 0;
  idleMs = IDLE_MS;
  idleSince = 0;

  constructor(backend: Backend) {
    this.backend = backend;
    const socket = new AppSocket();
    this.socket = socket;
    socket.once('connect', () => {
      this.connected = true;
      // What waited for the connection to come about may go on.
      this.user?.appDrained();
    });
    socket.on('data', (data: Buffer) => {
      if (this.user === undefined) {
        backend.distrust();
        socket.destroy();
      } else this.user.fromApp(data);
    });
    socket.on('drain', () => this.user?.appDrained());
    socket.on('end', () => this.user?.appEnded());
    // Always followed by `close`.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      backend.forget(this);
      const { user } = this;
      this.user = undefined;
      user?.appClosed(this.connected);
    });
    socket.connect({ host: '127.0.0.1', port: backend.port, noDelay: true });
  }

  /** Ends it without a word to its user. */
  drop(): void {
    this.user = undefined;
    this.socket.destroy();
  }
}

export class Backend {
  readonly release: string;
  readonly port: number;
  proof: FramingProof = UNPROVEN;
  /** Requests under way, and tunnels. */
  inFlight = 0;
  readonly #idle: AppConnection[] = [];
  readonly #users = new Set<{ cut(): void }>();
  #retired = false;
  #trusted = true;
  #waiting: (() => void)[] = [];

  constructor(release: string, port: number) {
    this.release = release;
    this.port = port;
  }

  /** An idle connection, or a new one that is still being made. `fresh`: only the latter. */
  connect(fresh: boolean): AppConnection {
    const now = Date.now();
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      const { socket } = connection;
      const open = socket.writable && !socket.readableEnded && !socket.failed;
      if (!fresh && open && now - connection.idleSince < connection.idleMs) return connection;
      connection.drop();
    }
    return new AppConnection(this);
  }

  /** Takes a connection back that can carry another request. */
  keep(connection: AppConnection, keepAliveSeconds: number | undefined): void {
    connection.user = undefined;
    if (keepAliveSeconds !== undefined) {
      connection.idleMs = Math.min(LONGEST_IDLE_MS, keepAliveSeconds * 1000 * IDLE_SHARE);
    }
    if (this.#retired || !this.#trusted || this.#idle.length >= MAX_IDLE || connection.idleMs <= 0) {
      connection.drop();
      return;
    }
    connection.idleSince = Date.now();
    this.#idle.push(connection);
  }

  /**
   * The app has sent something that nobody had asked for. Were it to come a moment later, it would be taken for the answer
   * to somebody else's request: from now on each request has a connection of its own.
   */
  distrust(): void {
    this.#trusted = false;
    this.dropIdle();
  }

  dropIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.drop();
  }

  forget(connection: AppConnection): void {
    if (connection.user !== undefined) return;
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  /** Closes connections that nobody has used for a while. */
  sweep(now: number): void {
    while (this.#idle[0] !== undefined && now - this.#idle[0].idleSince >= this.#idle[0].idleMs) {
      this.#idle.shift()?.drop();
    }
  }

  begin(user: { cut(): void }): void {
    this.inFlight++;
    this.#users.add(user);
  }

  done(user: { cut(): void }): void {
    if (!this.#users.delete(user)) return;
    this.inFlight--;
    if (this.inFlight > 0 || !this.#retired) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** It gets no new requests any more: resolves when those under way have ended, or were cut off after `ms`. */
  async drain(ms: number): Promise<void> {
    this.#retired = true;
    this.dropIdle();
    if (this.inFlight === 0) return;
    const ended = new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
    const timer = setTimeout(() => this.cut(), ms);
    await ended;
    clearTimeout(timer);
  }

  /** Ends everything that is under way. */
  cut(): void {
    for (const user of [...this.#users]) user.cut();
  }
}
