/** Where an alias stood before, told from the journal read backward. */
import type { HistoryEntry } from '../types.js';

/**
 * Where an alias pointed before its last move that was not rolled back: the place that a rollback leads to. `null`: it
 * pointed nowhere; `undefined`: it was never set. Reads no more of the journal than it needs.
 * @param backward entries, the newest first
 */
export function previousOf(alias: string, backward: Iterable<HistoryEntry>): string | null | undefined {
  let takenBack = 0;
  for (const entry of backward) {
    const from = moveFrom(alias, entry);
    if (from === undefined) continue;
    if (entry.action === 'alias-rolled-back') takenBack += 1;
    else if (takenBack > 0) takenBack -= 1;
    else return from;
  }
  return undefined;
}

/** Where the alias was before this entry (`null`: it was not set); `undefined` when the entry does not move it. */
export function moveFrom(alias: string, entry: HistoryEntry): string | null | undefined {
  switch (entry.action) {
    case 'alias-set':
    case 'alias-removed':
    case 'alias-rolled-back':
      return entry.alias === alias ? entry.from : undefined;
    case 'version-created':
      return Object.hasOwn(entry.aliases, alias) ? entry.aliases[alias] : undefined;
    default:
      return undefined;
  }
}
