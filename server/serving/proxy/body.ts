/** Where the body of an HTTP/1 message ends. The bytes themselves are passed on as they are, chunks included. */
import type { Framing } from './head.js';

/** A chunk's size line with its extensions, and a line of the trailer. */
const LONGEST_LINE = 4096;
const MAX_TRAILER = 16 * 1024;
const CR = 0x0d;
const LF = 0x0a;

const State = {
  Length: 0,
  Close: 1,
  /** Hex digits of a chunk's size. */
  Size: 2,
  Extension: 3,
  SizeEnd: 4,
  Data: 5,
  DataCr: 6,
  DataLf: 7,
  /** At the start of a line of the trailer. */
  Trailer: 8,
  TrailerLine: 9,
  TrailerLf: 10,
  LastLf: 11,
  Done: 12,
} as const;
type State = (typeof State)[keyof typeof State];

/** Follows one body as it passes. */
export class BodyReader {
  #state: State;
  /** Bytes to come: of the body, or of the chunk. */
  #left: number;
  #line = 0;
  #digits = 0;
  #trailer = 0;

  constructor(framing: Framing) {
    this.#left = framing.kind === 'length' ? framing.length : 0;
    switch (framing.kind) {
      case 'none':
        this.#state = State.Done;
        break;
      case 'length':
        this.#state = this.#left === 0 ? State.Done : State.Length;
        break;
      case 'chunked':
        this.#state = State.Size;
        break;
      case 'close':
        this.#state = State.Close;
    }
  }

  get done(): boolean {
    return this.#state === State.Done;
  }

  /** Whether it lasts until the connection is closed. */
  get untilClose(): boolean {
    return this.#state === State.Close;
  }

  /** How many of the bytes from `from` on belong to the body; -1 when they are no chunks. */
  take(data: Buffer, from: number): number {
    switch (this.#state) {
      case State.Done:
        return 0;
      case State.Close:
        return data.length - from;
      case State.Length: {
        const taken = Math.min(this.#left, data.length - from);
        this.#left -= taken;
        if (this.#left === 0) this.#state = State.Done;
        return taken;
      }
      default:
        return this.#chunks(data, from);
    }
  }

  #chunks(data: Buffer, from: number): number {
    let at = from;
    while (at < data.length && this.#state !== State.Done) {
      if (this.#state === State.Data) {
        const taken = Math.min(this.#left, data.length - at);
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) this.#state = State.DataCr;
      } else if (!this.#byte(data[at++] ?? 0)) return -1;
    }
    return at - from;
  }

  /** One byte of what stands around the data. False: it has no place there. */
  #byte(byte: number): boolean {
    switch (this.#state) {
      case State.Size:
        return this.#sizeByte(byte);
      case State.Extension:
        if (byte === CR) this.#state = State.SizeEnd;
        else if (byte === LF || ++this.#line > LONGEST_LINE) return false;
        return true;
      case State.SizeEnd:
        this.#state = this.#left === 0 ? State.Trailer : State.Data;
        this.#digits = 0;
        this.#line = 0;
        return byte === LF;
      case State.DataCr:
        this.#state = State.DataLf;
        return byte === CR;
      case State.DataLf:
        this.#state = State.Size;
        return byte === LF;
      case State.Trailer:
        this.#state = byte === CR ? State.LastLf : State.TrailerLine;
        return byte !== LF && ++this.#trailer <= MAX_TRAILER;
      case State.TrailerLine:
        if (byte === CR) this.#state = State.TrailerLf;
        return byte !== LF && ++this.#trailer <= MAX_TRAILER;
      case State.TrailerLf:
        this.#state = State.Trailer;
        return byte === LF;
      case State.LastLf:
        this.#state = State.Done;
        return byte === LF;
      default:
        return false;
    }
  }

  #sizeByte(byte: number): boolean {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      // 12 digits are 256 TiB, and still an exact number.
      if (++this.#digits > 12) return false;
      this.#left = this.#left * 16 + digit;
      return true;
    }
    if (this.#digits === 0) return false;
    if (byte === CR) this.#state = State.SizeEnd;
    else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.#state = State.Extension;
    else return false;
    return true;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
