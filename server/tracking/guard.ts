/** Who may talk to the tracking server: programs of this machine that have its token, and no page in a browser. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { WireError } from './wire/wire.js';

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** @throws WireError for a request that a page in a browser may have made */
export function demandLocal({ headers: { host, origin }, socket }: IncomingMessage): void {
  const port = String(socket.localPort);
  const own = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  // A name that somebody lets point here (DNS rebinding) shows in this header.
  if (host === undefined || !own.includes(host.toLowerCase())) {
    throw new WireError('PERMISSION_DENIED', `This server answers to ${own[0] ?? ''} only.`);
  }
  if (origin !== undefined && !own.includes(origin.replace(/^https?:\/\//, '').toLowerCase())) {
    throw new WireError('PERMISSION_DENIED', 'Cross-origin requests are not served.');
  }
}

/** The token of a request: `Bearer`, or the password of `Basic`, which is what clients make of an address with one in it. */
export function tokenOf({ headers: { authorization = '' } }: IncomingMessage): string | undefined {
  const [, scheme = '', given = ''] = /^(Bearer|Basic) +(\S{1,4096})$/i.exec(authorization) ?? [];
  if (scheme === '') return undefined;
  if (scheme.toLowerCase() === 'bearer') return given;
  const text = Buffer.from(given, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1);
}

/** One token for all. */
export class Guard {
  readonly #token: Buffer;

  constructor(token: string) {
    this.#token = digest(token);
  }

  /** @throws WireError for a request that is not served */
  demand(request: IncomingMessage): void {
    demandLocal(request);
    const given = tokenOf(request);
    if (given !== undefined && timingSafeEqual(digest(given), this.#token)) return;
    throw new WireError(
      'UNAUTHENTICATED',
      'This server wants the token that `modelyard tracking serve` has printed: set MLFLOW_TRACKING_TOKEN.',
    );
  }
}
