/** Room in memory for what has to be kept of requests. */

/** All bodies together that wait to be complete before an app gets them. */
const SPOOL_BYTES = 256 * 1024 * 1024;
let spooled = 0;

/** Room for a part of a body that has to be kept until it is complete. False: there is none. */
export function takeRoom(bytes: number): boolean {
  if (spooled + bytes > SPOOL_BYTES) return false;
  spooled += bytes;
  return true;
}

export function giveRoomBack(bytes: number): void {
  spooled -= bytes;
}
