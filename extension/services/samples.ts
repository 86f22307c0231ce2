/** A request on one line, as a person types it, and the page that shows what came back. */
import { bytes, duration } from '../../server/base/format.js';
import type { SampleAnswer, SampleRequest } from '../../server/protocol/index.js';

/** `POST /predict {"rain":1}` */
export function requestLine({ method, path, body }: SampleRequest): string {
  return [method, path, ...(body === undefined ? [] : [oneLine(body)])].join(' ');
}

function oneLine(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    return body.replaceAll(/\s+/g, ' ');
  }
}

export type ReadRequest =
  { readonly ok: true; readonly request: SampleRequest } | { readonly ok: false; readonly message: string };

/** Reads such a line. Without a method it is a GET, with a body a POST. */
export function readRequest(line: string): ReadRequest {
  const match = /^\s*(?:([A-Za-z]+)\s+)?(\/\S*)(?:\s+(.*))?$/s.exec(line);
  if (match === null) {
    return { ok: false, message: 'A method, a path with “/”, and JSON: POST /predict {"rain_7d": 0.5}' };
  }
  const [, method, path = '/', rest = ''] = match;
  const body = rest.trim();
  if (body !== '') {
    try {
      JSON.parse(body);
    } catch (error) {
      return { ok: false, message: `The body is not JSON: ${error instanceof Error ? error.message : ''}` };
    }
  }
  return {
    ok: true,
    request: {
      method: method?.toUpperCase() ?? (body === '' ? 'GET' : 'POST'),
      path,
      ...(body === '' ? {} : { body }),
    },
  };
}

/** The answer to a request as a page of JSON with comments, or of text. */
export function answerPage(url: string, request: SampleRequest, answer: SampleAnswer): string {
  const { status, ms, body, bytes: size, truncated, contentType = '' } = answer;
  const cut = truncated ? `, the first ${bytes(Math.min(size, body.length))} of it` : '';
  const head = [
    `// ${request.method} ${url}${request.path}`,
    ...(request.body === undefined ? [] : [`// ${oneLine(request.body)}`]),
    `// ${status} after ${duration(ms)}, ${bytes(size)}${cut}${contentType === '' ? '' : `, ${contentType}`}`,
  ];
  const text = body === '' ? `// ${size === 0 ? 'no content' : 'not shown: not text'}` : pretty(body);
  return `${head.join('\n')}\n\n${text}\n`;
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
