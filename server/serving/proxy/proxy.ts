/** The public port of a service. It stays open whatever happens behind it. */
import net from 'node:net';
import { DEFAULT_LIMITS, type ServiceLimits } from '../../definition/service-limits.js';
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
  limits: ServiceLimits = DEFAULT_LIMITS;
  closing = false;
  readonly #mostClients: number;
  #server: net.Server | undefined;
  readonly #connections = new Set<ClientConnection>();
  readonly #sweeper: NodeJS.Timeout;

  /** @param mostClients that are connected at a time */
  constructor(observer: TrafficObserver, mostClients = Infinity) {
    this.observer = observer;
    this.#mostClients = mostClients;
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** Opens a port; 0: a free one. Connections are answered at once. Rejects with the system's error. */
  async open(host: string, port: number): Promise<OpenPort> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#take(socket));
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

  /** With no room left, the client that has had nothing to do for longest makes some; as nginx does. */
  #take(socket: net.Socket): void {
    const full = this.#connections.size >= this.#mostClients && !this.#makeRoom();
    const connection = new ClientConnection(socket, this);
    if (full) connection.turnAway();
    else this.#connections.add(connection);
  }

  #makeRoom(): boolean {
    let idlest: ClientConnection | undefined;
    let since = Infinity;
    for (const connection of this.#connections) {
      if ((connection.idleSince ?? Infinity) >= since) continue;
      idlest = connection;
      since = connection.idleSince ?? Infinity;
    }
    if (idlest === undefined) return false;
    this.#connections.delete(idlest);
    idlest.destroy();
    return true;
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
