/** The public port of a service. It stays open whatever happens behind it. */
import net from 'node:net';
import { ClientConnection, type Shared } from './client-connection.js';
import type { TrafficObserver } from './observer.js';
import { Router } from './router.js';

const SWEEP_MS = 1_000;

/** A port that is open, and not yet the service's. */
export interface OpenPort {
  readonly port: number;
  /** Makes it the service's; the one before takes no new connections. */
  take(): void;
  /** Gives it up. */
  cancel(): void;
}

export class Proxy implements Shared {
  readonly router = new Router();
  readonly observer: TrafficObserver;
  closing = false;
  #server: net.Server | undefined;
  readonly #connections = new Set<ClientConnection>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(observer: TrafficObserver) {
    this.observer = observer;
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** Opens a port; 0: a free one. Connections are answered at once. Rejects with the system's error. */
  async open(host: string, port: number): Promise<OpenPort> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#connections.add(new ClientConnection(socket, this));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: 1024 }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', () => undefined);
    const address = server.address();
    return {
      port: typeof address === 'object' && address !== null ? address.port : port,
      take: () => {
        this.#server?.close();
        this.#server = server;
      },
      cancel: () => {
        server.close();
      },
    };
  }

  get connections(): number {
    return this.#connections.size;
  }

  #sweep(): void {
    const now = Date.now();
    for (const connection of this.#connections) connection.sweep(now);
    for (const backend of this.router.backends) backend.sweep(now);
  }

  gone(connection: ClientConnection): void {
    this.#connections.delete(connection);
  }

  /** Takes no new connection, lets requests under way end, and cuts them off after `ms`. */
  async close(ms: number): Promise<void> {
    this.closing = true;
    clearInterval(this.#sweeper);
    const closed = new Promise<void>((resolve) => {
      if (this.#server === undefined) resolve();
      else this.#server.close(() => resolve());
    });
    for (const connection of this.#connections) connection.stop();
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, ms);
    await closed;
    clearTimeout(timer);
  }
}
