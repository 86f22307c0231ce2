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

  /** Both bodies, or nothing when they can't be read: too long, compressed, or no JSON. */
  bodies(request: RequestHead, response: ResponseHead): { request: Buffer; response: Buffer } | undefined {
    if (this.#requestBytes > MAX_BODY || this.#responseBytes > MAX_BODY || !response.json) return undefined;
    if (/^content-encoding:/im.test(request.headers) || /^content-encoding:/im.test(response.headers)) {
      return undefined;
    }
    return {
      request: Buffer.concat(this.#request),
      response: Buffer.concat(this.#response),
    };
  }
}
