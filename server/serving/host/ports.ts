/** Free ports. */
import { randomInt } from 'node:crypto';
import net from 'node:net';
import { errorCode } from '../../stores/disk/problem.js';
import { describeSystemError } from './app/descriptors.js';

/** Below what systems hand out by themselves, so that nobody is given one in between. */
const FROM = 20_000;
const TO = 31_999;

/** Whether a port can be listened on now. Rejects when that can't be found out: no descriptor is left, no such address. */
export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', (error) => {
      const code = errorCode(error);
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve(false);
      else reject(new Error(`no port can be opened on ${host}: ${describeSystemError(error)}`));
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A port on loopback for an app. Throws when a hundred in a row are taken, or as `isFree` does. */
export async function privatePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(FROM, TO + 1);
    if (await isFree('127.0.0.1', port)) return port;
  }
  throw new Error('there is no free port on loopback');
}

/** The first free port of a range. Rejects as `isFree` does. */
export async function freePortIn(host: string, from: number, to: number): Promise<number | undefined> {
  for (let port = from; port <= to; port++) if (await isFree(host, port)) return port;
  return undefined;
}
