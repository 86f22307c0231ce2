/** Who may talk to the tracking server: programs of this machine that have its token, and no page in a browser. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { WireError } from './wire.js';

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export class Guard {
  readonly #token: Buffer;

  constructor(token: string) {
    this.#token = digest(token);
  }

  /** @throws WireError for a request that is not served */
  demand(request: IncomingMessage): void {
    const { host, origin } = request.headers;
    const port = request.socket.localPort;
    const own = [`127.0.0.1:${String(port)}`, `localhost:${String(port)}`, `[::1]:${String(port)}`];
    // A name that somebody lets point here (DNS rebinding) shows in this header.
    if (host === undefined || !own.includes(host.toLowerCase())) {
      throw new WireError('PERMISSION_DENIED', `This server answers to ${own[0] ?? ''} only.`);
    }
    if (origin !== undefined && !own.includes(origin.replace(/^https?:\/\//, '').toLowerCase())) {
      throw new WireError('PERMISSION_DENIED', 'Cross-origin requests are not served.');
    }
    if (this.#knows(request.headers.authorization)) return;
    throw new WireError(
      'UNAUTHENTICATED',
      'This server wants the token that `modelyard tracking serve` has printed: set MLFLOW_TRACKING_TOKEN.',
    );
  }

  /** `Bearer`, or as the password of `Basic`, which is what clients make of an address with one in it. */
  #knows(header: string | undefined): boolean {
    const [, scheme = '', given = ''] = /^(Bearer|Basic) +(\S{1,4096})$/i.exec(header ?? '') ?? [];
    const basic = scheme.toLowerCase() === 'basic';
    const text = basic ? Buffer.from(given, 'base64').toString('utf8') : given;
    const token = basic ? text.slice(text.indexOf(':') + 1) : text;
    return scheme !== '' && timingSafeEqual(digest(token), this.#token);
  }
}
