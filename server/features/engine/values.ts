/** DuckDB's values as plain JSON, and parameters as DuckDB takes them. */
import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  LIST,
  VARCHAR,
  listValue,
} from '@duckdb/node-api';
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { Parameter, Plain } from './messages.js';

export function plainOf(value: DuckDBValue): Plain {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof DuckDBDecimalValue) return decimalOf(value);
  if (isMoment(value)) return momentOf(String(value));
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(plainOf);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, item]) => [name, plainOf(item)]));
  }
  if (value instanceof DuckDBMapValue) {
    return value.entries.map(({ key, value: item }) => ({ key: plainOf(key), value: plainOf(item) }));
  }
  if (value instanceof DuckDBUnionValue) return { [value.tag]: plainOf(value.value) };
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('hex');
  return String(value);
}

/** A number where it says the same as the digits do. */
function decimalOf(value: DuckDBDecimalValue): Plain {
  return value.width <= 15 ? value.toDouble() : String(value);
}

function isMoment(value: DuckDBValue): boolean {
  return (
    value instanceof DuckDBTimestampValue ||
    value instanceof DuckDBTimestampTZValue ||
    value instanceof DuckDBTimestampSecondsValue ||
    value instanceof DuckDBTimestampMillisecondsValue ||
    value instanceof DuckDBTimestampNanosecondsValue
  );
}

/** `2024-01-02 03:04:05.5+00` → `2024-01-02T03:04:05.5Z`. Everything is UTC here; `infinity` stays. */
function momentOf(text: string): string {
  const match = /^(.*\d{4,}-\d{2}-\d{2}) ([\d:.]+)(?:\+00(?::00)?)?( \(BC\))?$/.exec(text);
  return match === null ? text : `${match[1] ?? ''}T${match[2] ?? ''}Z${match[3] ?? ''}`;
}

export function bound(params: readonly Parameter[]): {
  values: DuckDBValue[];
  types: (DuckDBType | undefined)[];
} {
  return {
    values: params.map((param) =>
      typeof param === 'object' && param !== null ? listValue([...param]) : param,
    ),
    types: params.map((param) =>
      typeof param === 'object' && param !== null
        ? LIST(VARCHAR)
        : typeof param === 'string'
          ? VARCHAR
          : undefined,
    ),
  };
}
