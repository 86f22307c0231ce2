/** DuckDB's errors, which it gives as JSON, as values with a sentence and a place. */
import { defined } from '../../base/defined.js';
import type { EngineError, EngineErrorKind } from './messages.js';

const KINDS: Readonly<Record<string, EngineErrorKind>> = {
  INTERRUPT: 'cancelled',
  Interrupt: 'cancelled',
  'Out of Memory': 'memory',
  Permission: 'refused',
  // After these the database takes no more queries.
  FATAL: 'crashed',
  INTERNAL: 'crashed',
};

/**
 * @param sql what was asked
 * @param start bytes of it that stand before what the caller gave
 * @param length bytes of what the caller gave
 */
export function engineError(error: unknown, sql: string, start = 0, length = Infinity): EngineError {
  const message = error instanceof Error ? error.message : String(error);
  const told = parse(message);
  if (told === undefined) return { kind: 'sql', message: sentence(message) };
  const type = typeof told['exception_type'] === 'string' ? told['exception_type'] : undefined;
  const position = Number(told['position'] ?? Number.NaN) - start;
  return {
    kind: KINDS[type ?? ''] ?? 'sql',
    message: sentence(typeof told['exception_message'] === 'string' ? told['exception_message'] : message),
    ...defined({ type }),
    ...(position >= 0 && position <= length ? { offset: unitsOf(sql, start, position) } : {}),
  };
}

/** UTF-16 units in so many bytes of the text, from byte `start` on. */
export function unitsOf(text: string, start: number, bytes: number): number {
  return Buffer.from(text)
    .subarray(start, start + bytes)
    .toString('utf8').length;
}

function parse(message: string): Readonly<Record<string, unknown>> | undefined {
  const at = message.indexOf('{"exception_type"');
  if (at < 0) return undefined;
  try {
    return JSON.parse(message.slice(at)) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

/** Without DuckDB's own advice about its settings, which nobody here can change. */
function sentence(message: string): string {
  return message.replace(/\n(?:Possible solutions|Stack Trace)[\s\S]*$/i, '').trimEnd();
}
