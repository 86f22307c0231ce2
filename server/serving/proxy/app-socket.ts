/** A connection to an app on which a failed write does not lose what the app has answered before. */
import net from 'node:net';

type Written = (error?: Error | null) => void;

/**
 * An app that refuses an upload answers and closes while we still send: the next write fails. Node ends a socket at the
 * first failed write, with the answer unread in the system's buffer. This one drops what can't be written and reads on;
 * the end of the connection shows there, after the answer.
 */
export class AppSocket extends net.Socket {
  #failed = false;

  /** Whether the app takes nothing any more. */
  get failed(): boolean {
    return this.#failed;
  }

  #forgiving(written: Written): Written {
    return (error) => {
      if (error !== null && error !== undefined) this.#failed = true;
      written();
    };
  }

  override _write(chunk: unknown, encoding: BufferEncoding, written: Written): void {
    if (this.#failed) written();
    else super._write(chunk, encoding, this.#forgiving(written));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], written: Written): void {
    if (this.#failed || super._writev === undefined) written();
    else super._writev(chunks, this.#forgiving(written));
  }
}
