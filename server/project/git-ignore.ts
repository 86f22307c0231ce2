/**
 * What git ignores, decided as gitignore(5) says and read from git's own files: asking git would take a process, and the
 * language server must not wait for one.
 */
import os from 'node:os';
import path from 'node:path';
import ignore from 'ignore';
import type { Ignore } from 'ignore';
import type { FileSystem } from './files.js';
import { commonFolder, findGitFolder, trackedAt } from '../base/git-index.js';

/** Consecutive lines that all ignore, or all take back. */
interface Run {
  readonly negative: boolean;
  readonly patterns: Ignore;
}

/** A file of patterns. */
interface Excludes {
  readonly file: string;
  /** The folder that the patterns are relative to: relative to the top, `''` for the top itself. */
  readonly base: string;
  readonly text: string;
  readonly runs: readonly Run[];
}

/** The line that makes git ignore a file. */
export interface IgnoredBy {
  /** Absolute. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly pattern: string;
}

/** Whether git ignores files below a folder. What was read is remembered: for one walk, not for a lifetime. */
export class GitIgnores {
  readonly #files: FileSystem;
  /** Absolute; the folder itself where there is no repository. */
  readonly #top: string;
  /** From the top to the folder, with a `/` behind it unless it is empty. */
  readonly #prefix: string;
  readonly #ignoreCase: boolean;
  /** Those of the repository and of the user: they are asked last. */
  readonly #general: readonly Excludes[];
  readonly #scopes = new Map<string, readonly Excludes[]>();
  readonly #excluded = new Map<string, boolean>();

  /** @param root absolute */
  constructor(files: FileSystem, root: string) {
    this.#files = files;
    const repository = findGitFolder(root);
    this.#top = repository?.top ?? root;
    const inside = path.relative(this.#top, root).split(path.sep).join('/');
    this.#prefix = inside === '' ? '' : `${inside}/`;
    const common = repository === undefined ? undefined : commonFolder(repository.git);
    const config = configOf(files, common);
    this.#ignoreCase = /^(true|yes|on|1)$/i.test(config('ignorecase') ?? '');
    const general = [userExcludes(config), common && path.join(common, 'info', 'exclude')];
    this.#general =
      repository === undefined ? [] : general.flatMap((file) => (file ? this.#read(file, '') : []));
  }

  /**
   * Whether git ignores a file or a folder; not when it tracks it, or something in it.
   * @param relative to the root, `/` between names
   */
  ignores(relative: string, folder = false): boolean {
    const inside = this.#prefix + relative;
    return this.#isExcluded(inside, folder) && trackedAt(this.#top, inside) === undefined;
  }

  /** Why git ignores a file; `undefined` where it doesn't. */
  why(relative: string): IgnoredBy | undefined {
    if (!this.ignores(relative)) return undefined;
    const names = (this.#prefix + relative).split('/');
    const at = names.findIndex((_, index) =>
      this.#isExcluded(names.slice(0, index + 1).join('/'), index < names.length - 1),
    );
    const inside = names.slice(0, at + 1).join('/');
    const folder = at < names.length - 1;
    const excludes = this.#scope(parentOf(inside)).findLast(
      (one) => verdict(one.runs, one.base, inside, folder) !== undefined,
    );
    const lines = excludes === undefined ? [] : linesOf(excludes.text);
    const line = lines.findLastIndex(
      (one) => verdict(runsOf([one], this.#ignoreCase), excludes?.base ?? '', inside, folder) !== undefined,
    );
    const pattern = lines[line];
    return excludes === undefined || pattern === undefined
      ? undefined
      : { file: excludes.file, line: line + 1, pattern };
  }

  /** By the patterns alone: a folder that is excluded takes all that is in it along. */
  #isExcluded(inside: string, folder: boolean): boolean {
    const known = folder ? this.#excluded.get(inside) : undefined;
    if (known !== undefined) return known;
    const parent = parentOf(inside);
    const excluded =
      (parent !== '' && this.#isExcluded(parent, true)) || this.#decides(this.#scope(parent), inside, folder);
    if (folder) this.#excluded.set(inside, excluded);
    return excluded;
  }

  /** The last line that matches decides, and the innermost file before those further out. */
  #decides(scope: readonly Excludes[], inside: string, folder: boolean): boolean {
    for (const { runs, base } of scope.toReversed()) {
      const result = verdict(runs, base, inside, folder);
      if (result !== undefined) return result === 'ignored';
    }
    return false;
  }

  /** All that has a say in a folder, the strongest last. */
  #scope(folder: string): readonly Excludes[] {
    let scope = this.#scopes.get(folder);
    if (scope === undefined) {
      const file = path.join(this.#top, folder, '.gitignore');
      const outer = folder === '' ? this.#general : this.#scope(parentOf(folder));
      // Git doesn't follow a link here.
      const stat = this.#files.statLink(file);
      const linked = stat !== undefined && stat !== 'denied' && stat.kind === 'link';
      scope = linked ? outer : [...outer, ...this.#read(file, folder)];
      this.#scopes.set(folder, scope);
    }
    return scope;
  }

  #read(file: string, base: string): Excludes[] {
    const read = this.#files.readText(file);
    if (!read.ok) return [];
    return [{ file, base, text: read.text, runs: runsOf(linesOf(read.text), this.#ignoreCase) }];
  }
}

function parentOf(inside: string): string {
  return inside.slice(0, Math.max(0, inside.lastIndexOf('/')));
}

function linesOf(text: string): string[] {
  return text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/**
 * The package `ignore` asks for a path's folders, too, before the path itself, and a folder that an inner file took back is
 * then ignored again. Of lines that take back it tells whether they match the path itself: so each line is handed over as
 * one that takes back.
 */
function runsOf(lines: readonly string[], ignoreCase: boolean): Run[] {
  const runs: Run[] = [];
  for (const line of lines) {
    if (line === '' || line.startsWith('#')) continue;
    const negative = line.startsWith('!');
    let run = runs.at(-1);
    if (run?.negative !== negative) runs.push((run = { negative, patterns: ignore({ ignoreCase }) }));
    run.patterns.add([bytesOf(negative ? line : `!${line}`)]);
  }
  return runs;
}

/** For git a character is a byte: `?` doesn't match an `é`. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function verdict(
  runs: readonly Run[],
  base: string,
  inside: string,
  folder: boolean,
): 'ignored' | 'kept' | undefined {
  const relative = (base === '' ? inside : inside.slice(base.length + 1)) + (folder ? '/' : '');
  const bytes = bytesOf(relative);
  const run = runs.findLast(({ patterns }) => patterns.test(bytes).unignored);
  if (run === undefined) return undefined;
  return run.negative ? 'kept' : 'ignored';
}

type Config = (key: string) => string | undefined;

/** Looks up keys of `[core]`: the repository's word before the user's, and that before the machine's. */
function configOf(files: FileSystem, git: string | undefined): Config {
  const { GIT_CONFIG_GLOBAL: global, GIT_CONFIG_NOSYSTEM: bare } = process.env;
  const user = [path.join(userFolder(), 'config'), path.join(os.homedir(), '.gitconfig')];
  const texts = [
    ...(bare === undefined ? ['/etc/gitconfig'] : []),
    ...(global === undefined ? user : [global]),
    ...(git === undefined ? [] : [path.join(git, 'config')]),
  ].map((file) => files.readText(file));
  return (key) => {
    const found = texts.map((read) => (read.ok ? coreValue(read.text, key) : undefined));
    return found.findLast((value) => value !== undefined);
  };
}

function coreValue(config: string, wanted: string): string | undefined {
  let core = false;
  let value: string | undefined;
  for (const line of config.split('\n')) {
    const header = /^\s*\[([^\]]*)\]/.exec(line);
    if (header !== null) core = header[1]?.trim().toLowerCase() === 'core';
    const found = /^\s*([a-z][a-z0-9-]*)\s*(?:=\s*(.*?)\s*)?$/i.exec(line.slice(header?.[0].length ?? 0));
    if (!core || found?.[1]?.toLowerCase() !== wanted) continue;
    value = found[2] === undefined ? 'true' : unquoted(found[2]);
  }
  return value;
}

function unquoted(value: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(value)?.[1];
  return (quoted ?? value.replace(/[#;].*$/, '').trimEnd()).replace(/\\(.)/g, '$1');
}

function userExcludes(config: Config): string | undefined {
  const file = config('excludesfile');
  if (file === undefined) return path.join(userFolder(), 'ignore');
  const expanded = file.startsWith('~/') ? path.join(os.homedir(), file.slice(2)) : file;
  return path.isAbsolute(expanded) ? expanded : undefined;
}

function userFolder(): string {
  const { XDG_CONFIG_HOME: home } = process.env;
  return path.join(home === undefined || home === '' ? path.join(os.homedir(), '.config') : home, 'git');
}
