/** One request of an MLflow client, and its answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRecord } from '../base/is-record.js';
import { describeError } from '../stores/disk/problem.js';
import { StoreError } from '../stores/runs/runs.js';
import { answerArtifacts, piecesOf } from './routes/artifacts.js';
import { queryValues } from './wire/fields.js';
import { routeOf } from './routes/routes.js';
import type { Tracking } from './tracking.js';
import { WireError, invalid } from './wire/wire.js';

const API = '/api/2.0/mlflow/';
const ARTIFACTS = '/api/2.0/mlflow-artifacts/';

/** A batch of 1,000 metrics, 100 params and 100 tags has less than 2 MB. */
const MOST_JSON = 16 * 1024 * 1024;
/** For a client to send what of its body is not wanted. */
const LEFT_OVER_MS = 2_000;

/** What a request is answered from. Throws a `WireError` for one that is not served. */
export type Admit = (request: IncomingMessage) => Tracking | Promise<Tracking>;

/** Answers. Does not throw: what goes wrong here and not with the client is told in words. */
export function answer(
  admit: Admit,
  request: IncomingMessage,
  response: ServerResponse,
  onProblem: (message: string) => void,
): void {
  respond(admit, request, response, onProblem).catch((error: unknown) => {
    onProblem(describeError(error));
    response.destroy();
  });
}

async function respond(
  admit: Admit,
  request: IncomingMessage,
  response: ServerResponse,
  onProblem: (message: string) => void,
): Promise<void> {
  try {
    const value = await answerOf(admit, request, response);
    if (value !== undefined) sendJson(response, 200, value);
  } catch (error) {
    const told = wireErrorOf(error);
    if (told.code === 'INTERNAL_ERROR' && !request.destroyed) onProblem(told.message);
    if (response.headersSent) response.destroy();
    else {
      if (!request.complete) response.setHeader('Connection', 'close');
      sendJson(response, told.status, { error_code: told.code, message: told.message });
    }
  }
  if (!request.complete) passOver(request);
}

/** What is left of a body that nobody wants. Many clients read an answer only after they have sent all: for a moment they may. */
function passOver(request: IncomingMessage): void {
  request.resume();
  const late = setTimeout(() => request.destroy(), LEFT_OVER_MS).unref();
  request.once('close', () => clearTimeout(late));
}

function wireErrorOf(error: unknown): WireError {
  if (error instanceof WireError) return error;
  if (error instanceof StoreError) return new WireError('INTERNAL_ERROR', error.message);
  return new WireError('INTERNAL_ERROR', `The tracking server failed: ${describeError(error)}.`);
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  });
  response.end(body);
}

async function answerOf(
  admit: Admit,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<object | undefined> {
  const { method = '', url = '' } = request;
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const tracking = await admit(request);
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
  if (path.startsWith(ARTIFACTS))
    return answerArtifacts(tracking, path.slice(ARTIFACTS.length), query, request, response);
  if (path === '/health') return { status: 'OK' };
  if (path === '/api/3.0/mlflow/server-info') {
    // The last two would make clients ask for what there is not.
    return {
      workspaces_enabled: false,
      multipart_uploads_enabled: false,
      multipart_downloads_enabled: false,
    };
  }
  if (!path.startsWith(API)) {
    throw new WireError('ENDPOINT_NOT_FOUND', `Modelyard has no ${method} ${path.slice(0, 200)}.`);
  }
  const { route, named } = routeOf(method, path.slice(API.length));
  const body = method === 'GET' ? {} : await jsonOf(request, tracking.task?.asked.mask);
  return route.answer(tracking, { ...queryValues(route.fields, query), ...body, ...named });
}

/** @param mask of texts in it: those of a task may hold its secrets */
async function jsonOf(
  request: IncomingMessage,
  mask: ((text: string) => string) | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of piecesOf(request)) {
    bytes += piece.length;
    if (bytes > MOST_JSON) {
      throw new WireError('REQUEST_LIMIT_EXCEEDED', `A request may have ${MOST_JSON / 1024 / 1024} MiB.`);
    }
    pieces.push(piece);
  }
  if (bytes === 0) return {};
  const type = request.headers['content-type'] ?? '';
  // What a page of another site can send without being asked has another type.
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    throw invalid(
      `Bad Request. Content-Type must be application/json, not ${JSON.stringify(type.slice(0, 80))}.`,
    );
  }
  let value: unknown;
  try {
    const text = Buffer.concat(pieces).toString('utf8');
    value =
      mask === undefined
        ? JSON.parse(text)
        : JSON.parse(text, (_key, one: unknown) => (typeof one === 'string' ? mask(one) : one));
  } catch (error) {
    throw new WireError('BAD_REQUEST', `The body is not JSON: ${describeError(error)}.`);
  }
  if (!isRecord(value) || Array.isArray(value)) throw invalid('The body has to be a JSON object.');
  return value;
}
