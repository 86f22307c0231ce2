/** What stands between a handler and the connection: errors become answers, and the server lives on. */
import { isRecord } from '../base/is-record.js';
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

function isIndex(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function isPosition(value: unknown): boolean {
  return isRecord(value) && isIndex(value['line']) && isIndex(value['character']);
}

function isVersion(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}

function isRange(value: unknown): boolean {
  return isRecord(value) && isPosition(value['start']) && isPosition(value['end']);
}

function demand(holds: boolean, message: string): asserts holds {
  if (!holds) throw new InvalidParams(message);
}

/** Hands on params that are an object, and refuses others: all of our own requests have some. */
export function ofObject<P, A extends readonly unknown[], R>(
  handle: (params: P, ...rest: A) => R,
): (params: P, ...rest: A) => R {
  return (params, ...rest) => {
    demand(isRecord(params), 'params must be an object');
    return handle(params, ...rest);
  };
}

/** The document that params are about. */
function documentOf(params: unknown): Record<string, unknown> {
  demand(isRecord(params), 'params must be an object');
  const document = params['textDocument'];
  demand(isRecord(document) && typeof document['uri'] === 'string', 'textDocument.uri must be a string');
  return document;
}

/**
 * Looks at the parts of a request's params that every handler relies on. What a hostile or broken client sends must end
 * as an error that says so, not as an exception deep inside.
 */
export function checkParams(params: unknown): void {
  demand(isRecord(params), 'params must be an object');
  documentOf(params);
  demand(
    !('position' in params) || isPosition(params['position']),
    'position must have a line and a character, zero or more',
  );
  demand(!('range' in params) || isRange(params['range']), 'range must have a start and an end');
}

/** What notifications bring is kept: of one with the wrong shape nothing may be, or every later request would trip over it. */
export const checkNotification = {
  open: (params: unknown): void => {
    const { languageId, version, text } = documentOf(params);
    demand(typeof text === 'string', 'textDocument.text must be a string');
    demand(typeof languageId === 'string', 'textDocument.languageId must be a string');
    demand(isVersion(version), 'textDocument.version must be a number');
  },
  change: (params: unknown): void => {
    const { version } = documentOf(params);
    demand(isVersion(version), 'textDocument.version must be a number');
    const changes = isRecord(params) ? params['contentChanges'] : undefined;
    const isChange = (change: unknown): boolean =>
      isRecord(change) &&
      typeof change['text'] === 'string' &&
      (change['range'] === undefined || isRange(change['range']));
    demand(Array.isArray(changes) && changes.every(isChange), 'contentChanges must be a list of changes');
  },
  close: (params: unknown): void => {
    documentOf(params);
  },
  files: (params: unknown): void => {
    const changes = isRecord(params) ? params['changes'] : undefined;
    const isChange = (change: unknown): boolean =>
      isRecord(change) &&
      typeof change['uri'] === 'string' &&
      [1, 2, 3].some((type) => type === change['type']);
    demand(Array.isArray(changes) && changes.every(isChange), 'changes must be a list of file events');
  },
  configuration: (params: unknown): void => {
    demand(isRecord(params), 'params must be an object');
  },
  folders(params: unknown): void {
    const isFolder = (folder: unknown): boolean => isRecord(folder) && typeof folder['uri'] === 'string';
    const areFolders = (folders: unknown): boolean => Array.isArray(folders) && folders.every(isFolder);
    demand(
      isRecord(params) && areFolders(params['added']) && areFolders(params['removed']),
      'added and removed must be lists of folders',
    );
  },
};
