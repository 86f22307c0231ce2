/** Requests for trying a service out: which make sense, and what it answers to one. */
import http from 'node:http';
import { defined } from '../../../base/defined.js';
import type { SampleAnswer, SampleRequest, SuggestedSample } from '../../../protocol/index.js';
import { serviceUrl } from '../../../serving/services/address.js';
import { servicePlaces } from '../../../serving/places.js';
import type { ServiceView } from '../../../serving/services/read.js';
import { readRelease } from '../../../serving/releases/document.js';
import { SERVICE_LINES } from '../../../serving/services/lines.js';
import type { ReleaseDocument } from '../../../serving/types.js';
import { valueOf } from '../../../stores/disk/line-format.js';
import { linesBackward } from '../../../stores/disk/lines.js';
import { describeError } from '../../../stores/disk/problem.js';

/** Of the newest samples so many are looked at, and so many are offered. */
const LOOKED_AT = 500;
const OFFERED = 5;
const MOST_BYTES = 256 * 1024;
const PATIENCE_MS = 30_000;
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

const TEXT = /^text\/|[/+](json|xml|yaml|javascript|x-ndjson)\b/i;

/** What an app that is asked for predictions is asked at, unless it says otherwise. */
const PREDICT = '/predict';

interface Sampled {
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly request: unknown;
}

function sampledOf(line: string): Sampled | undefined {
  const { at, method, path, status, request } = valueOf(SERVICE_LINES, line) ?? {};
  if (typeof method !== 'string' || typeof path !== 'string') return undefined;
  return typeof at === 'string' && typeof status === 'number'
    ? { at, method, path, status, request }
    : undefined;
}

/** The newest request of each kind that real clients have sent; those that succeeded first. */
function fromTraffic(file: string): SuggestedSample[] {
  const kinds = new Map<string, SuggestedSample>();
  let looked = 0;
  for (const line of linesBackward(file)) {
    if (++looked > LOOKED_AT) break;
    const sampled = sampledOf(line);
    if (sampled === undefined) continue;
    const { at, method, path, status, request } = sampled;
    const kind = `${method} ${path}`;
    const known = kinds.get(kind);
    if (known !== undefined && ((known.status ?? 500) < 400 || status >= 400)) continue;
    kinds.set(kind, { method, path, body: JSON.stringify(request, null, 2), from: 'traffic', at, status });
  }
  return [...kinds.values()].slice(0, OFFERED);
}

/** A value that a column of this type may have. */
function exampleOf(type: string): unknown {
  if (/^(integer|long|int\d*|uint\d*)$/.test(type)) return 1;
  if (/^(float|double|decimal|number)/.test(type)) return 0.5;
  if (type.startsWith('bool')) return true;
  if (type === 'date') return '2026-01-31';
  return type.startsWith('timestamp') || type === 'datetime' ? '2026-01-31T12:00:00Z' : 'text';
}

function fromSignature({ signature }: ReleaseDocument): SuggestedSample[] {
  if (signature === undefined || signature.inputs.length === 0) return [];
  const row = Object.fromEntries(signature.inputs.map(({ name, type }) => [name, exampleOf(type)]));
  return [{ method: 'POST', path: PREDICT, body: JSON.stringify(row, null, 2), from: 'signature' }];
}

function fromHealth({ health }: ReleaseDocument): SuggestedSample[] {
  const paths = new Set([health.ready, health.live].filter((path) => path !== undefined));
  return [...paths].map((path) => ({ method: 'GET', path, from: 'health' }));
}

/** Requests that could be sent to a service, the likeliest first. */
export function suggestedSamples(root: string, service: ServiceView): SuggestedSample[] {
  const { environment, name, current } = service;
  const release = current === undefined ? undefined : readRelease(root, environment, current.id);
  const document = release?.state === 'ok' ? release.value : undefined;
  return [
    ...fromTraffic(servicePlaces(root, environment, name).samples),
    ...(document === undefined ? [] : [...fromSignature(document), ...fromHealth(document)]),
  ];
}

/** What is wrong with a request before it is sent. */
export function sampleProblem({ method, path }: SampleRequest): string | undefined {
  if (!METHODS.has(method)) return `“${method}” is no method: ${[...METHODS].join(', ')}`;
  return /^\/[\x21-\x7e]*$/.test(path)
    ? undefined
    : 'a path begins with “/” and has no spaces; write others as %20';
}

/** Sends a request to the public port of a service, as any client would. Rejects with the reason in words. */
export function sendSample(
  service: Pick<ServiceView, 'config'>,
  { method, path, body }: SampleRequest,
  signal: AbortSignal,
): Promise<SampleAnswer> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.request(
      `${serviceUrl(service.config)}${path}`,
      {
        method,
        agent: false,
        timeout: PATIENCE_MS,
        signal,
        headers: {
          accept: '*/*',
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        let done = false;
        const end = (truncated: boolean): void => {
          if (done) return;
          done = true;
          const contentType = response.headers['content-type'];
          const all = Buffer.concat(parts).subarray(0, MOST_BYTES);
          const readable = contentType === undefined ? !all.includes(0) : TEXT.test(contentType);
          resolve({
            status: response.statusCode ?? 0,
            ms: performance.now() - began,
            ...defined({ contentType }),
            body: readable ? all.toString('utf8') : '',
            bytes,
            truncated,
          });
        };
        response.on('data', (part: Buffer) => {
          bytes += part.length;
          parts.push(part);
          if (bytes <= MOST_BYTES) return;
          end(true);
          response.destroy();
        });
        response.once('end', () => end(false));
        response.once('error', (error) =>
          reject(new Error(`the answer was cut off: ${describeError(error)}`)),
        );
      },
    );
    request.once('timeout', () =>
      request.destroy(new Error(`there was no answer within ${PATIENCE_MS / 1000} seconds`)),
    );
    request.once('error', reject);
    request.end(body);
  });
}
