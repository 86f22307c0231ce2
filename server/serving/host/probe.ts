/** Asking a process whether it is well. */
import http from 'node:http';
import net from 'node:net';
import { describeError } from '../../stores/disk/problem.js';

export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly why: string };

/**
 * Asks once. With a path: an answer from 200 to 399 is a good one, as for Kubernetes. Without: a port that takes
 * connections will do. Never rejects.
 */
export function probe(port: number, path: string | undefined, timeoutMs: number): Promise<ProbeResult> {
  return path === undefined
    ? connects(port, timeoutMs)
    : asks(port, path, timeoutMs).catch((error: unknown) => ({ ok: false, why: describeError(error) }));
}

function connects(port: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    const end = (result: ProbeResult): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(
      () => end({ ok: false, why: `no connection within ${timeoutMs} ms` }),
      timeoutMs,
    );
    socket.once('connect', () => end({ ok: true }));
    socket.once('error', (error) => end({ ok: false, why: describe(error) }));
  });
}

function asks(port: number, path: string, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const request = http.get(
      { host: '127.0.0.1', port, path, agent: false, headers: { 'user-agent': 'modelyard-probe' } },
      (response) => {
        const status = response.statusCode ?? 0;
        response.resume();
        end(status >= 200 && status < 400 ? { ok: true } : { ok: false, why: `${path} answers ${status}` });
        request.destroy();
      },
    );
    const end = (result: ProbeResult): void => {
      clearTimeout(timer);
      resolve(result);
    };
    const timer = setTimeout(() => {
      end({ ok: false, why: `${path} did not answer within ${timeoutMs} ms` });
      request.destroy();
    }, timeoutMs);
    request.once('error', (error) => end({ ok: false, why: describe(error) }));
  });
}

function describe(error: Error): string {
  return 'code' in error && error.code === 'ECONNREFUSED' ? 'nothing listens on its port' : error.message;
}
