/** Writing the parts of a message with as few system calls, and copies, as make sense. */
import type net from 'node:net';

/** A body up to this goes out in one piece with its head: copying it costs less than a second system call. */
const SMALL = 8 * 1024;
/** So many pieces are copied together, whatever their size. */
const MANY = 64;

/** False: wait for `drain`. @param head of Latin-1 characters, or empty */
export function writeParts(socket: net.Socket, head: string, pieces: readonly Buffer[]): boolean {
  const [first] = pieces;
  if (first === undefined) return head === '' || socket.write(head, 'latin1');
  if (pieces.length === 1 && head === '') return socket.write(first);
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const body =
    pieces.length === 1 ? first : bytes <= SMALL || pieces.length > MANY ? Buffer.concat(pieces) : undefined;
  if (body !== undefined && bytes <= SMALL) return socket.write(head + body.toString('latin1'), 'latin1');
  socket.cork();
  let room = head === '' || socket.write(head, 'latin1');
  for (const piece of body === undefined ? pieces : [body]) room = socket.write(piece);
  socket.uncork();
  return room;
}
