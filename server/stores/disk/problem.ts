import path from 'node:path';

/** Something about a stored file that a person should know: which file, what is wrong, what to do. A value, not a throw. */
export interface StoreProblem {
  /** Absolute. */
  readonly path: string;
  readonly message: string;
}

/** The `code` of a Node system error (`ENOENT`), `undefined` for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What a system error means to a person, in a few words that fit into a sentence. */
export function describeError(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOSPC':
      return 'the disk is full';
    case 'EDQUOT':
      return 'the disk quota is used up';
    case 'EACCES':
    case 'EPERM':
      return 'permission was denied';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOENT':
      return 'it does not exist';
    case 'ENOTDIR':
      return 'a part of its path is not a folder';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/**
 * The same with the file that the system named, relative to `root` where it lies in it: `out/sub: permission was denied`.
 * That the disk is full is no fault of the file.
 */
export function describeFileError(error: unknown, root?: string): string {
  const what = describeError(error);
  const file = error instanceof Error && 'path' in error ? error.path : undefined;
  const full = errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT';
  if (typeof file !== 'string' || full || what.includes(file)) return what;
  const inside = root !== undefined && file.startsWith(root + path.sep);
  return `${inside ? path.relative(root, file) : file}: ${what}`;
}
