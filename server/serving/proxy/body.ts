/** The body of an HTTP/1 message: where it ends, and its bytes without the chunks that they came in. */
import type { Framing } from './head.js';

/** A chunk's size line with its extensions, and a line of the trailer. */
const LONGEST_LINE = 4096;
const MAX_TRAILER = 16 * 1024;
const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const HTAB = 0x09;
const COLON = 0x3a;
const SEMICOLON = 0x3b;

const State = {
  Length: 0,
  Close: 1,
  /** Hex digits of a chunk's size. */
  Size: 2,
  /** Between the size and an extension. */
  Blank: 3,
  Extension: 4,
  SizeEnd: 5,
  Data: 6,
  DataCr: 7,
  DataLf: 8,
  /** At the start of a line of the trailer. */
  Trailer: 9,
  TrailerName: 10,
  TrailerValue: 11,
  TrailerLf: 12,
  LastLf: 13,
  Done: 14,
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

  /**
   * Takes what belongs to the body of the bytes from `from` on, and adds its content to `content`; what is around chunks,
   * and a trailer, is left out. Gives how many bytes were taken; -1 when they are no chunks.
   */
  take(data: Buffer, from: number, content: Buffer[]): number {
    switch (this.#state) {
      case State.Done:
        return 0;
      case State.Close:
        if (from < data.length) content.push(data.subarray(from));
        return data.length - from;
      case State.Length: {
        const taken = Math.min(this.#left, data.length - from);
        this.#left -= taken;
        if (this.#left === 0) this.#state = State.Done;
        if (taken > 0) content.push(data.subarray(from, from + taken));
        return taken;
      }
      default:
        return this.#chunks(data, from, content);
    }
  }

  #chunks(data: Buffer, from: number, content: Buffer[]): number {
    let at = from;
    while (at < data.length && this.#state !== State.Done) {
      if (this.#state === State.Data) {
        const taken = Math.min(this.#left, data.length - at);
        content.push(data.subarray(at, at + taken));
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
      case State.Blank:
        // RFC 9112, 7.1.1: blanks only before an extension.
        if (byte === SEMICOLON) this.#state = State.Extension;
        return (byte === SEMICOLON || byte === SP || byte === HTAB) && ++this.#line <= LONGEST_LINE;
      case State.Extension:
        if (byte === CR) this.#state = State.SizeEnd;
        else if (isControl(byte) || ++this.#line > LONGEST_LINE) return false;
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
        if (byte === CR) {
          this.#state = State.LastLf;
          return true;
        }
        this.#state = State.TrailerName;
        return isTokenByte(byte) && ++this.#trailer <= MAX_TRAILER;
      case State.TrailerName:
        if (byte === COLON) this.#state = State.TrailerValue;
        return (byte === COLON || isTokenByte(byte)) && ++this.#trailer <= MAX_TRAILER;
      case State.TrailerValue:
        if (byte === CR) this.#state = State.TrailerLf;
        return (byte === CR || !isControl(byte)) && ++this.#trailer <= MAX_TRAILER;
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
    else if (byte === SEMICOLON) this.#state = State.Extension;
    else if (byte === SP || byte === HTAB) this.#state = State.Blank;
    else return false;
    return true;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

const isControl = (byte: number): boolean => (byte < SP && byte !== HTAB) || byte === 0x7f;

const TOKEN_BYTES = new Set(
  Buffer.from("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
);

const isTokenByte = (byte: number): boolean => TOKEN_BYTES.has(byte);

const LINE_END = Buffer.from('\r\n');
/** What ends a body in chunks. */
export const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** The content as one chunk, ready to be sent; nothing for no content, which would end the body. */
export function asChunk(content: readonly Buffer[]): Buffer[] {
  const length = content.reduce((sum, piece) => sum + piece.length, 0);
  if (length === 0) return [];
  return [Buffer.from(`${length.toString(16)}\r\n`, 'latin1'), ...content, LINE_END];
}
