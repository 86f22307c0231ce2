/** Which entries of a history are asked for. */
import { subjectOf } from './state.js';
import type { HistoryEntry, HistoryQuery } from '../types.js';

export function matchesHistory(entry: HistoryEntry, query: HistoryQuery): boolean {
  if (query.before !== undefined && entry.seq >= query.before) return false;
  if (query.alias !== undefined && !movesAlias(entry, query.alias)) return false;
  return query.version === undefined || concerns(entry, query.version);
}

function movesAlias(entry: HistoryEntry, alias: string): boolean {
  switch (entry.action) {
    case 'alias-set':
    case 'alias-removed':
    case 'alias-rolled-back':
      return entry.alias === alias;
    case 'version-created':
      return Object.hasOwn(entry.aliases, alias);
    default:
      return false;
  }
}

function concerns(entry: HistoryEntry, version: string): boolean {
  if (subjectOf(entry) === version) return true;
  switch (entry.action) {
    case 'alias-set':
    case 'alias-removed':
    case 'alias-rolled-back':
      return entry.from === version || entry.to === version;
    case 'version-created':
      // An alias that left this version for the new one.
      return Object.values(entry.aliases).includes(version);
    case 'imported':
      return Object.values(entry.versions).includes(version);
    default:
      return false;
  }
}
