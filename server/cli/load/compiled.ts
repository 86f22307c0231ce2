/**
 * A definition as it is run: read, checked, and kept in that form, so that a run of an unchanged pipeline parses no
 * YAML, evaluates no rule and loads neither of them.
 */
import { hashOf } from '../../stores/content/hash.js';
import { packJson, unpackJson } from '../../base/json.js';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PROJECT_FILES } from '../../project/find-root.js';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { forgetOldest, isPrivate, userCacheFolder } from '../../stores/machine/user-folders.js';
import type { Compiled, LoadResult, Texts } from './loaded.js';

/**
 * Reads a pipeline's file (relative to the root), from its compiled form where that is still right.
 *
 * @param all of a `dvc.yaml` the stages of all files of the project, and not only what its own depend on
 */
export async function loadPipeline(root: string, relative: string, all = false): Promise<LoadResult> {
  const text = readText(path.join(root, relative));
  if (text === undefined) {
    return { ok: false, message: `can't read ${relative}: there is no such file`, diagnostics: [] };
  }
  const place = compiledPlace(root, relative, text);
  // What stages are depends on files of values besides: they are read each time.
  const stages = path.basename(relative) === 'dvc.yaml';
  const kept = stages ? undefined : read(place);
  const texts = { ...settingsTexts(root), [relative]: text };
  if (kept !== undefined) return { ok: true, compiled: kept, texts };
  const { compile } = await import('./compile.js');
  const result = compile(root, relative, hashOf(text), all);
  if (!result.ok) return result;
  // So do params of files.
  if (!stages && result.compiled.pipeline.paramFiles === undefined) keep(place, result.compiled);
  return { ok: true, compiled: result.compiled, texts: { ...texts, ...result.texts } };
}

/** The project's settings as they are now, by path; empty where there are none. */
export function settingsTexts(root: string): Texts {
  for (const name of PROJECT_FILES) {
    const text = readText(path.join(root, name));
    if (text !== undefined) return { [name]: text };
  }
  return {};
}

/**
 * The path that a pipeline of that name had when it was last compiled, if it still has that name: saves looking through
 * the whole project.
 */
export function rememberedPath(root: string, name: string): string | undefined {
  try {
    const names = JSON.parse(readFileSync(namesFile(root), 'utf8')) as Readonly<Record<string, unknown>>;
    const relative = Object.hasOwn(names, name) ? names[name] : undefined;
    if (typeof relative !== 'string') return undefined;
    const text = readText(path.join(root, relative));
    if (text === undefined) return undefined;
    return read(compiledPlace(root, relative, text))?.pipeline.name === name ? relative : undefined;
  } catch {
    return undefined;
  }
}

export function rememberPath(root: string, name: string, relative: string): void {
  const file = namesFile(root);
  let names: Readonly<Record<string, unknown>> = {};
  try {
    const read: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof read === 'object' && read !== null) names = read as typeof names;
  } catch {
    // The first one.
  }
  if (names[name] === relative) return;
  writeIndex(file, JSON.stringify({ ...names, [name]: relative }));
}

/**
 * A folder of the user's own for each project: what is kept there is run instead of the definition, so that it must not
 * come with a project.
 */
function compiledFolder(root: string): string {
  const folder = path.join(userCacheFolder() ?? os.tmpdir(), 'compiled');
  return path.join(folder, hashOf(path.resolve(root)).slice(7, 39));
}

function namesFile(root: string): string {
  return path.join(compiledFolder(root), 'names.json');
}

/** Where a definition's compiled form lies, and what it has to be of. One file a definition, so that none are left over. */
function compiledPlace(root: string, relative: string, text: string): Place {
  const settings = PROJECT_FILES.map((name) => readText(path.join(root, name)) ?? '').join('\0');
  return {
    file: path.join(compiledFolder(root), `${hashOf(relative).slice(7, 39)}.json`),
    key: hashOf([codeVersion(), relative, settings, text].join('\0')),
  };
}

interface Place {
  readonly file: string;
  readonly key: string;
}

let version: string | undefined;

/** Changes with every build: what an older build found right, a newer one may not. */
function codeVersion(): string {
  // Every bundle that compiles has to come to the same, or `plan` and `run` would each undo what the other has kept.
  version ??= ['program.js', 'definitions.js']
    .map((name) => {
      const file = path.join(__dirname, name);
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? file : `${file}:${stat.size}:${stat.mtimeMs}`;
    })
    .join('\0');
  return version;
}

let last: { readonly key: string; readonly compiled: Compiled } | undefined;

/** Asked for twice where a pipeline was found by its name: read once. */
function read({ file, key }: Place): Compiled | undefined {
  if (last?.key === key) return last.compiled;
  if (!isPrivate(file) || !isPrivate(path.dirname(file))) return undefined;
  try {
    const kept = unpackJson(readFileSync(file, 'utf8')) as { key: string; compiled: Compiled };
    if (kept.key !== key) return undefined;
    last = kept;
    return kept.compiled;
  } catch {
    return undefined;
  }
}

/** Only derived data, in the user's cache: where it can't be written, the next run compiles again. */
function writeIndex(file: string, text: string): void {
  try {
    const folder = path.dirname(file);
    if (!existsSync(folder)) {
      forgetOldest(path.dirname(folder), MOST_PROJECTS);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    writeAtomic(file, text, { mode: 0o600 });
  } catch {
    // See above.
  }
}

/** More projects than somebody works on. */
const MOST_PROJECTS = 200;

function keep({ file, key }: Place, compiled: Compiled): void {
  writeIndex(file, packJson({ key, compiled }));
}

/** The text of a file without its byte order mark; `undefined` where it can't be read. */
export function readText(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    return text.startsWith('\uFEFF') ? text.slice(1) : text;
  } catch {
    return undefined;
  }
}
