/** Free ports. */
import { randomInt } from 'node:crypto';
import net from 'node:net';

/** Below what systems hand out by themselves, so that nobody is given one in between. */
const FROM = 20_000;
const TO = 31_999;

/** Whether a port can be listened on now. */
export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A port on loopback for an app. Throws when a hundred in a row are taken. */
export async function privatePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(FROM, TO + 1);
    if (await isFree('127.0.0.1', port)) return port;
  }
  throw new Error('there is no free port on loopback');
}

/** The first free port of a range. */
export async function freePortIn(host: string, from: number, to: number): Promise<number | undefined> {
  for (let port = from; port <= to; port++) if (await isFree(host, port)) return port;
  return undefined;
}
