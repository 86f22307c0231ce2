/** What `dvc diff` says of two states of a project's data. The rules are those of `dvc_data/index/diff.py`. */
import { defined } from '../../../base/defined.js';

/** A file or a folder that DVC keeps, in one of the states. */
export interface KeptFile {
  /** Relative to the project. */
  readonly file: string;
  /** Of a folder with `.dir` behind it; absent: the stage has not run. */
  readonly md5?: string;
  readonly legacy?: boolean;
}

/** One state: what is kept, and what a folder of it holds; `undefined`: its listing is not in the cache. */
export interface DataState {
  readonly kept: readonly KeptFile[];
  members(folder: KeptFile): readonly { readonly relpath: string; readonly md5: string }[] | undefined;
}

export interface DiffEntry {
  /** A folder ends with a slash. */
  readonly path: string;
  readonly hash?: string;
}

export interface DataDiff {
  readonly added: readonly DiffEntry[];
  readonly deleted: readonly DiffEntry[];
  readonly modified: readonly {
    readonly path: string;
    readonly hash: { readonly old?: string; readonly new?: string };
  }[];
  readonly renamed: readonly {
    readonly path: { readonly old: string; readonly new: string };
    readonly hash?: string;
  }[];
  readonly 'not in cache': readonly DiffEntry[];
}

interface Pair {
  readonly old: KeptFile | undefined;
  readonly new: KeptFile | undefined;
}

/** @param inCache whether the object of an old file is there; absent: it is not asked */
export function diffOf(
  before: DataState,
  after: DataState,
  inCache: ((file: KeptFile) => boolean) | undefined,
): DataDiff {
  const pairs = paired(before, after);
  const added = pairs.flatMap((pair) => (pair.old === undefined && pair.new !== undefined ? [pair.new] : []));
  const deleted = pairs.flatMap((pair) =>
    pair.new === undefined && pair.old !== undefined ? [pair.old] : [],
  );
  const renamed = renames(added, deleted);
  const moved = new Set(renamed.flatMap(({ old, new: to }) => [old, to]));
  return {
    added: entries(added.filter((one) => !moved.has(one))),
    deleted: entries(deleted.filter((one) => !moved.has(one))),
    modified: byPath(
      pairs.flatMap(({ old, new: to }) => {
        if (old === undefined || to === undefined || same(old, to)) return [];
        const hash = defined({ old: old.md5, new: to.md5 });
        return [{ path: shown(old), hash }];
      }),
      ({ path }) => path,
    ),
    renamed: byPath(
      renamed.map(({ old, new: to }) => ({
        path: { old: shown(old), new: shown(to) },
        ...defined({ hash: old.md5 }),
      })),
      ({ path }) => path.old,
    ),
    'not in cache':
      inCache === undefined
        ? []
        : entries(pairs.flatMap(({ old }) => (old?.md5 === undefined || inCache(old) ? [] : [old]))),
  };
}

/** What is kept and what lies in it, in both states. What a folder holds is left out where one state can't tell. */
function paired(before: DataState, after: DataState): Pair[] {
  const [old, now] = [byFile(before.kept), byFile(after.kept)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((file): Pair[] => {
    const pair = { old: old.get(file), new: now.get(file) };
    const inside = [contents(pair.old, before), contents(pair.new, after)] as const;
    const [was, is] = inside;
    if (was === undefined || is === undefined) return [pair];
    const names = new Set([...was.keys(), ...is.keys()]);
    return [pair, ...[...names].map((name) => ({ old: was.get(name), new: is.get(name) }))];
  });
}

function contents(folder: KeptFile | undefined, state: DataState): ReadonlyMap<string, KeptFile> | undefined {
  if (folder?.md5?.endsWith('.dir') !== true) return new Map();
  const members = state.members(folder);
  if (members === undefined) return undefined;
  const legacy = folder.legacy === true;
  return byFile(members.map(({ relpath, md5 }) => ({ file: `${folder.file}/${relpath}`, md5, legacy })));
}

function byFile(files: readonly KeptFile[]): ReadonlyMap<string, KeptFile> {
  return new Map(files.map((one) => [one.file, one] as const));
}

function same(a: KeptFile, b: KeptFile): boolean {
  return a.md5 === b.md5 && (a.legacy === true) === (b.legacy === true);
}

/** Of what was deleted and what was added with the same hash, in the order of their paths. */
function renames(
  added: readonly KeptFile[],
  deleted: readonly KeptFile[],
): { readonly old: KeptFile; readonly new: KeptFile }[] {
  const gone = new Map<string, KeptFile[]>();
  const hash = ({ md5, legacy }: KeptFile): string => `${String(legacy === true)} ${md5 ?? ''}`;
  for (const one of byPath(deleted, ({ file }) => file)) {
    if (one.md5 === undefined) continue;
    gone.set(hash(one), [...(gone.get(hash(one)) ?? []), one]);
  }
  return byPath(added, ({ file }) => file).flatMap((one) => {
    const old = one.md5 === undefined ? undefined : gone.get(hash(one))?.shift();
    return old === undefined ? [] : [{ old, new: one }];
  });
}

function shown({ file, md5 }: KeptFile): string {
  return md5?.endsWith('.dir') === true ? `${file}/` : file;
}

function entries(files: readonly KeptFile[]): DiffEntry[] {
  const all = files.map((one) => ({ path: shown(one), ...defined({ hash: one.md5 }) }));
  return byPath(all, ({ path }) => path);
}

function byPath<T>(items: readonly T[], path: (item: T) => string): T[] {
  return items.toSorted((a, b) => (path(a) < path(b) ? -1 : path(a) > path(b) ? 1 : 0));
}
