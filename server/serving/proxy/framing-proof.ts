/**
 * Whether an app's HTTP layer itself takes a request's body off the connection. One that leaves this to its handlers, as
 * Python's `http.server` does, takes the body of a request whose handler did not read it for the next request: kept
 * connections would then let one client speak for another. So the app is asked twice over one connection where it says
 * whether it is ready, which no handler reads a body for: the first time with a body that is no request.
 */
import net from 'node:net';
import type { FramingProof } from './backend.js';
import { BodyReader } from './body.js';
import { type ResponseHead, readResponseHead } from './head.js';

const NO_REQUEST = '\0modelyard\r\n\r\n';
const MAX_ANSWER = 1024 * 1024;

/** Asks an app on loopback. Never rejects. @param path answers a GET with 200 to 399 and changes nothing */
export async function proveFraming(port: number, path: string, timeoutMs: number): Promise<FramingProof> {
  const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: modelyard-probe\r\n`;
  const size = NO_REQUEST.length;
  const [lengths, chunks] = await Promise.all([
    takesBody(port, head, `Content-Length: ${size}\r\n\r\n${NO_REQUEST}`, timeoutMs),
    takesBody(
      port,
      head,
      `Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${NO_REQUEST}\r\n0\r\n\r\n`,
      timeoutMs,
    ),
  ]);
  return { lengths, chunks };
}

/** True: two good answers to two requests, and nothing else until the connection is closed. */
function takesBody(port: number, head: string, body: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    const answers = new Answers();
    const end = (proven: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(proven);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    let asked = 1;
    socket.once('connect', () => socket.write(head + body, 'latin1'));
    socket.on('data', (data: Buffer) => {
      if (!answers.take(data)) end(false);
      else if (answers.complete === 1 && asked === 1) {
        asked = 2;
        socket.write(`${head}Connection: close\r\n\r\n`, 'latin1');
      }
    });
    socket.once('end', () => end(answers.complete === 2 && answers.clean));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}

/** Answers as they come. */
class Answers {
  /** How many have come as a whole. */
  complete = 0;
  #rest: Buffer = Buffer.alloc(0);
  #body: BodyReader | undefined;

  /** Nothing has come after the last one. */
  get clean(): boolean {
    return this.#rest.length === 0 && this.#body === undefined;
  }

  /** False: not what a well-behaved app answers. */
  take(data: Buffer): boolean {
    this.#rest = Buffer.concat([this.#rest, data]);
    while (this.#rest.length > 0) {
      if (this.complete === 2 || this.#rest.length > MAX_ANSWER) return false;
      if (this.#body === undefined) {
        const end = this.#rest.indexOf('\r\n\r\n');
        if (end === -1) return true;
        const head = readResponseHead(this.#rest.toString('latin1', 0, end), false);
        if ('bad' in head || !isGood(head, this.complete === 1)) return false;
        this.#rest = this.#rest.subarray(end + 4);
        this.#body = new BodyReader(head.framing);
      }
      const taken = this.#body.take(this.#rest, 0, []);
      if (taken === -1) return false;
      this.#rest = this.#rest.subarray(taken);
      if (!this.#body.done) return true;
      this.#body = undefined;
      this.complete++;
    }
    return true;
  }
}

function isGood({ status, framing, keepAlive, doubtful }: ResponseHead, last: boolean): boolean {
  return status >= 200 && status < 400 && framing.kind !== 'close' && !doubtful && (last || keepAlive);
}
