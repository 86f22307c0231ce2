/** Where MLflow clients of this machine find us: plain HTTP on loopback, with bounds for those that are slow, silent or many. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Socket } from 'node:net';

/** A client that neither sends nor takes anything for so long is gone. */
const SILENCE_MS = 120_000;
const MOST_CONNECTIONS = 500;
/** What has begun to be answered when the server ends gets so long. */
const LAST_MS = 2_000;

export interface Listening {
  readonly port: number;
  /** What clients call `MLFLOW_TRACKING_URI`. */
  readonly uri: string;
  /** Takes no requests any more; resolves when those that have begun are answered, or cut off. */
  close(): Promise<void>;
}

type OnRequest = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Resolves when it listens. Rejects with the system's error, such as that the port is taken.
 *
 * @param port 0: a free one
 */
export async function listenForClients(port: number, onRequest: OnRequest): Promise<Listening> {
  const server = serverOf(onRequest);
  await listen(server, port);
  const address = server.address();
  const taken = typeof address === 'object' && address !== null ? address.port : port;
  return { port: taken, uri: `http://127.0.0.1:${taken}`, close: () => closed(server) };
}

/** Clients of a port that another process has: it hands their connections over. */
export interface TakenOver {
  take(socket: Socket): void;
  /** Resolves when the requests that have begun are answered, or cut off. */
  close(): Promise<void>;
}

/** Resolves when it takes them. */
export async function takeClients(onRequest: OnRequest): Promise<TakenOver> {
  const begun = new Set<ServerResponse>();
  let connections = 0;
  const server = serverOf((request, response) => {
    begun.add(response);
    response.once('close', () => begun.delete(response));
    onRequest(request, response);
  });
  // Node bounds slow headers only of a server that listens. Nobody is told of this port.
  await listen(server, 0);
  return {
    take: (socket) => {
      if (connections >= MOST_CONNECTIONS) {
        socket.destroy();
        return;
      }
      connections++;
      socket.once('close', () => connections--);
      server.emit('connection', socket);
      socket.resume();
    },
    close: async () => {
      const answered = [...begun].map((one) => new Promise((done) => one.once('close', done)));
      // Only connections that it has accepted itself keep a server open.
      const late = new Promise((done) => setTimeout(done, LAST_MS).unref());
      await Promise.race([Promise.all(answered), late]);
      server.closeAllConnections();
      await closed(server);
    },
  };
}

function serverOf(onRequest: OnRequest): Server {
  const server = createServer(
    { keepAliveTimeout: 75_000, headersTimeout: 20_000, requestTimeout: 0, maxHeaderSize: 64 * 1024 },
    (request, response) => {
      // A client that is gone, or talks in a way that Node refuses, is its own business.
      for (const one of [request, response]) one.on('error', () => undefined);
      onRequest(request, response);
    },
  );
  server.timeout = SILENCE_MS;
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

function closed(server: Server): Promise<void> {
  return new Promise<void>((done) => {
    const late = setTimeout(() => server.closeAllConnections(), LAST_MS);
    late.unref();
    server.close(() => {
      clearTimeout(late);
      done();
    });
    server.closeIdleConnections();
  });
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', fail);
      done();
    });
  });
}
