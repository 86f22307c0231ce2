/** A run as one JSON object a line, for machines. */
import { jsonText } from '../../base/json.js';
import type { EventSink, RunEvent } from '../../stores/runs/events.js';
import { type JsonEvent, formatVersion } from '../answers.js';
import type { Output } from '../output.js';

export function jsonSink(output: Output): EventSink {
  const version = formatVersion('run');
  return (event) => output.line(jsonText({ formatVersion: version, ...shown(event) }));
}

/** Output becomes text; bytes that are no UTF-8 become U+FFFD there, the log has them as they are. */
function shown(event: RunEvent): JsonEvent {
  if (event.type === 'task-output') return { ...event, chunk: event.chunk.toString('utf8') };
  if (event.type !== 'metric-logged') return event;
  const { exact, value, ...rest } = event;
  return {
    ...rest,
    value: Number.isFinite(value) ? value : String(value),
    ...(exact === undefined ? {} : { exact: exact.text }),
  };
}
