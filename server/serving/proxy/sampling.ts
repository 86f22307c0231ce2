/** Keeps the bodies of one exchange, as long as they are small. */
import type { RequestHead, ResponseHead } from './head.js';

const MAX_BODY = 64 * 1024;

export class Sampling {
  readonly #request: Buffer[] = [];
  readonly #response: Buffer[] = [];
  #requestBytes = 0;
  #responseBytes = 0;

  request(part: Buffer): void {
    this.#requestBytes += part.length;
    if (this.#requestBytes <= MAX_BODY) this.#request.push(part);
  }

  response(part: Buffer): void {
    this.#responseBytes += part.length;
    if (this.#responseBytes <= MAX_BODY) this.#response.push(part);
  }

  /** Both bodies without chunks, or nothing when they can't be read: too long, compressed, or no JSON. */
  bodies(request: RequestHead, response: ResponseHead): { request: Buffer; response: Buffer } | undefined {
    if (this.#requestBytes > MAX_BODY || this.#responseBytes > MAX_BODY || !response.json) return undefined;
    if (/^content-encoding:/im.test(request.headers) || /^content-encoding:/im.test(response.headers)) {
      return undefined;
    }
    return {
      request: plain(Buffer.concat(this.#request), request.framing.kind === 'chunked'),
      response: plain(Buffer.concat(this.#response), response.framing.kind === 'chunked'),
    };
  }
}

/** Takes the chunks' sizes out. The chunks have been checked on their way. */
function plain(body: Buffer, chunked: boolean): Buffer {
  if (!chunked) return body;
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const line = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, line), 16);
    if (line === -1 || !(size > 0)) break;
    parts.push(body.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
