/** A run as one JSON object a line, for machines. */
import { jsonText } from '../../base/json.js';
import type { EventSink } from '../../runner/events.js';
import { jsonNumber } from '../../runner/metrics.js';
import type { Output } from '../output.js';

/** Output chunks become text; bytes that are no UTF-8 become U+FFFD there, the log has them as they are. */
export function jsonSink(output: Output): EventSink {
  return (event) => {
    if (event.type === 'task-output') {
      output.line(JSON.stringify({ ...event, chunk: event.chunk.toString('utf8') }));
    } else if (event.type === 'metric-logged') {
      output.line(JSON.stringify({ ...event, value: jsonNumber(event.value) }));
    } else output.line(jsonText(event));
  };
}
