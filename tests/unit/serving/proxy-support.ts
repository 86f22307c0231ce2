/** A proxy in this process, apps behind it, and clients that say exactly what they are told to. */
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { Backend } from '../../../server/serving/proxy/backend.js';
import type { Exchanged, TrafficObserver } from '../../../server/serving/proxy/observer.js';
import { Proxy } from '../../../server/serving/proxy/proxy.js';

export class Seen implements TrafficObserver {
  readonly answers: { release: string | undefined; status: number; failed: boolean }[] = [];
  readonly samples: Exchanged[] = [];
  abortedCount = 0;
  sampling = false;

  answered(release: string | undefined, status: number, _ms: number, failed: boolean): void {
    this.answers.push({ release, status, failed });
  }

  aborted(): void {
    this.abortedCount++;
  }

  wants(): boolean {
    return this.sampling;
  }

  sample(exchanged: Exchanged): void {
    this.samples.push(exchanged);
  }
}

const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) close();
});

/** Listens until the tests of the file are over. */
export async function listen(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

export const app = (handler: http.RequestListener): Promise<number> => listen(http.createServer(handler));

/** An app that answers each connection's first bytes with exactly this, and then closes if told to. */
export function rawApp(answer: string, close: boolean): Promise<number> {
  return listen(
    net.createServer((socket) => {
      socket.once('data', () => {
        if (close) socket.end(answer, 'latin1');
        else socket.write(answer, 'latin1');
      });
    }),
  );
}

export interface Rig {
  readonly port: number;
  readonly proxy: Proxy;
  readonly seen: Seen;
  readonly backends: readonly Backend[];
}

export async function proxyTo(...ports: readonly number[]): Promise<Rig> {
  const seen = new Seen();
  const proxy = new Proxy(seen);
  const backends = ports.map((port, index) => new Backend(`r${index + 1}`, port));
  proxy.router.set([{ weight: 100, backends }]);
  const opened = await proxy.open('127.0.0.1', 0);
  opened.take();
  closing.push(() => void proxy.close(0));
  return { port: opened.port, proxy, seen, backends };
}

/** Sends the parts one after the other and gives all that comes until `until` holds or the connection is closed. */
export function talk(
  port: number,
  parts: readonly (string | Buffer)[],
  until: (text: string) => boolean = () => false,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect({ port, host: '127.0.0.1' });
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      if (until(text)) done();
    });
    socket.once('end', done);
    socket.once('close', done);
    socket.once('error', (error) =>
      (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? done() : reject(error),
    );
    socket.once('connect', () => {
      const send = (index: number): void => {
        const part = parts[index];
        if (part === undefined) return;
        socket.write(part);
        setImmediate(() => send(index + 1));
      };
      send(0);
    });
  });
}
