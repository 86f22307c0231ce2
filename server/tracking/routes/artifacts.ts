/** Files over HTTP: `/api/2.0/mlflow-artifacts/…`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { mimeOf } from '../../stores/disk/mime.js';
import * as artifacts from '../artifacts.js';
import { decoded } from './routes.js';
import type { Tracking } from '../tracking.js';
import { WireError } from '../wire/wire.js';

/**
 * @param path after the base path, as it was sent
 * @returns the answer as JSON; nothing where it was sent
 */
export async function answerArtifacts(
  tracking: Tracking,
  path: string,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<object | undefined> {
  const [kind, ...rest] = path.split('/');
  if (kind === 'mpu' || kind === 'presigned') {
    // The client takes the other way for these words.
    throw new WireError(
      'NOT_IMPLEMENTED',
      'Multipart upload is not supported for the current artifact repository',
    );
  }
  const { method = '' } = request;
  if (kind !== 'artifacts') throw new WireError('ENDPOINT_NOT_FOUND', `There is no ${path.slice(0, 80)}.`);
  const at = decoded(rest.join('/'));
  if (method === 'GET' && at === '') return artifacts.list(tracking, query.get('path') ?? '');
  if (method === 'GET') {
    await send(artifacts.open(tracking, at), request, response);
    return undefined;
  }
  if (method === 'PUT') {
    const length = request.headers['content-length'];
    await artifacts.put(tracking, at, piecesOf(request), length === undefined ? undefined : Number(length));
    return {};
  }
  if (method === 'DELETE') return artifacts.remove(tracking, at);
  throw new WireError('ENDPOINT_NOT_FOUND', `Artifacts know no ${method}.`);
}

/** A body piece by piece. Who stops reading it can answer still. */
export function piecesOf(request: IncomingMessage): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}

async function send(
  file: artifacts.OpenArtifact,
  { headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const whole = { start: 0, end: file.bytes - 1 };
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? '') ?? [];
  const range =
    from === '' && to === ''
      ? undefined
      : from === ''
        ? { start: Math.max(0, file.bytes - Number(to)), end: file.bytes - 1 }
        : { start: Number(from), end: Math.min(to === '' ? Infinity : Number(to), file.bytes - 1) };
  const { start, end } = range ?? whole;
  const common = {
    'Content-Type': mimeOf(file.name),
    'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
    'X-Content-Type-Options': 'nosniff',
    'Accept-Ranges': 'bytes',
    ETag: `"${file.hash}"`,
  };
  if (range !== undefined && start > end) {
    response
      .writeHead(416, { ...common, 'Content-Range': `bytes */${file.bytes}`, 'Content-Length': 0 })
      .end();
    return;
  }
  response.writeHead(range === undefined ? 200 : 206, {
    ...common,
    'Content-Length': end - start + 1,
    ...(range === undefined ? {} : { 'Content-Range': `bytes ${start}-${end}/${file.bytes}` }),
  });
  if (file.bytes === 0) response.end();
  else await pipeline(file.stream({ start, end }), response);
}
