/** What stands between a handler and the connection: errors become answers, and the server lives on. */
import type { CancellationToken } from 'vscode-languageserver/node';
import { ErrorCodes, LSPErrorCodes, ResponseError } from 'vscode-languageserver/node';

/** Where lines for the output channel go. */
export interface Log {
  info(message: string): void;
  error(message: string): void;
}

/** Params that don't have the shape which the protocol asks for. */
export class InvalidParams extends Error {}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Throws when nobody waits for the answer any more. */
export function throwIfCancelled(token: CancellationToken): void {
  if (token.isCancellationRequested) {
    throw new ResponseError(LSPErrorCodes.RequestCancelled, 'The request was cancelled.');
  }
}

/** The answer to a request that was overtaken by a change of its document. */
export function contentModified(): ResponseError {
  return new ResponseError(LSPErrorCodes.ContentModified, 'The document changed in the meantime.');
}

/**
 * Wraps a request's handler: a cancelled request answers RequestCancelled, an exception becomes an error answer and a
 * line in the log.
 */
export function guarded<P, R, D = void>(
  log: Log,
  name: string,
  handle: (params: P, token: CancellationToken) => R | Promise<R>,
): (params: P, token: CancellationToken) => Promise<R | ResponseError<D>> {
  return async (params, token) => {
    try {
      throwIfCancelled(token);
      return await handle(params, token);
    } catch (error) {
      if (error instanceof ResponseError) return error as ResponseError<D>;
      if (error instanceof InvalidParams) {
        return new ResponseError(ErrorCodes.InvalidParams, `${name}: ${error.message}`);
      }
      log.error(`${name} failed: ${describe(error)}`);
      const message = error instanceof Error ? error.message : String(error);
      return new ResponseError(ErrorCodes.InternalError, `${name} failed: ${message}`);
    }
  };
}

/** Wraps a notification's handler: an exception becomes a line in the log. */
export function guardedNotification<P>(
  log: Log,
  name: string,
  handle: (params: P) => void | Promise<void>,
): (params: P) => void {
  return (params) => {
    const failed = (error: unknown) => log.error(`${name} failed: ${describe(error)}`);
    try {
      const result = handle(params);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isIndex(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function isPosition(value: unknown): boolean {
  return isRecord(value) && isIndex(value['line']) && isIndex(value['character']);
}

/**
 * Looks at the parts of a request's params that every handler relies on. What a hostile or broken client sends must end
 * as an error that says so, not as an exception deep inside.
 */
export function checkParams(params: unknown): void {
  if (!isRecord(params)) throw new InvalidParams('params must be an object');
  if ('textDocument' in params) {
    const document = params['textDocument'];
    if (!isRecord(document) || typeof document['uri'] !== 'string') {
      throw new InvalidParams('textDocument.uri must be a string');
    }
  }
  if ('position' in params && !isPosition(params['position'])) {
    throw new InvalidParams('position must have a line and a character, zero or more');
  }
  if ('range' in params) {
    const range = params['range'];
    if (!isRecord(range) || !isPosition(range['start']) || !isPosition(range['end'])) {
      throw new InvalidParams('range must have a start and an end');
    }
  }
}
