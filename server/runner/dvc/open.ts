/** From a project to the memory of its stages, or why none of them may start. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { trackedAt } from '../../base/git-index.js';
import { LockFile, trackedBy } from '../../definition/dialects/dvc/lock.js';
import { foldersOf, isWithin } from '../../definition/text/paths.js';
import type { StageSpec } from '../../definition/stage.js';
import { quoteWord } from '../../definition/shell/shell.js';
import { diskFiles } from '../../project/files.js';
import { GitIgnores } from '../../project/git-ignore.js';
import { type DvcSettings, settingsOf } from './config.js';
import { Hashes } from './hashes.js';
import { IgnoredPaths } from './ignored.js';
import { StageMemory, type StageOptions } from './memory.js';

export type Opened =
  { readonly ok: true; readonly memory: StageMemory } | { readonly ok: false; readonly problem: string };

export interface OpenedMemory {
  readonly ok: true;
  readonly memory: StageMemory;
  readonly settings: DvcSettings;
  readonly hashes: Hashes;
  readonly ignored: IgnoredPaths;
}

/** What DVC remembers of a project, whatever is to be done with it. @param options what it is read and kept for */
export function openMemory(
  root: string,
  environment: Readonly<Record<string, string | undefined>>,
  options: StageOptions = {},
): OpenedMemory | { readonly ok: false; readonly problem: string } {
  const bad = (problem: string) => ({ ok: false as const, problem });
  if (process.platform === 'win32')
    return bad('stages of DVC run by Modelyard on Linux and macOS only: use `dvc repro`');
  if (statSync(path.join(root, '.dvc'), { throwIfNoEntry: false })?.isDirectory() !== true)
    return bad(
      `${root} is no DVC project, it has no folder .dvc: run \`dvc init\` there, or name the project with --project`,
    );
  const read = settingsOf(root, environment);
  if (!read.ok) return bad(`${read.problem}: use \`dvc repro\``);
  const ignored = new IgnoredPaths(root);
  if (ignored.problem !== undefined) return bad(`${ignored.problem}: use \`dvc repro\``);
  const hashes = new Hashes(ignored, options.mostBytes);
  const memory = new StageMemory(root, read.settings, hashes, options);
  return { ok: true, memory, settings: read.settings, hashes, ignored };
}

/**
 * @param root absolute
 * @param stages those that would run
 * @param options what they are looked at for
 */
export function openStages(
  root: string,
  stages: readonly StageSpec[],
  environment: Readonly<Record<string, string | undefined>>,
  options: StageOptions = {},
): Opened {
  const base = openMemory(root, environment, { ...options, stages });
  if (!base.ok) return base;
  const { memory, settings, hashes, ignored } = base;
  const bad = (problem: string): Opened => ({ ok: false, problem });
  const git = settings.noScm ? undefined : new GitIgnores(diskFiles, root);
  const made = new Set(stages.flatMap(({ outs }) => outs.map(({ file }) => file)));
  for (const definition of new Set(stages.map((one) => one.definition))) {
    const lock = definition.replace(/\.yaml$/, '.lock');
    for (const file of [definition, lock])
      if (git?.ignores(file) === true) return bad(`git ignores ${file}, which DVC does not allow`);
    if (existsSync(path.join(root, lock))) {
      const found = LockFile.read(readFileSync(path.join(root, lock), 'utf8').replace(/^\uFEFF/, ''));
      if (!found.ok) return bad(`${lock} can’t be read: ${found.problem}`);
      const odd = stages.find(
        (one) => one.definition === definition && typeof found.lock.entry(one.name) === 'string',
      );
      if (odd !== undefined) return bad(`${lock}: the stage "${odd.name}" can’t be read`);
    }
  }
  const data = new DataFiles(root, hashes, options.allowMissing === true);
  for (const stage of stages) {
    const problem =
      outputProblem(root, stage, ignored, settings.noScm) ??
      (stage.frozen
        ? undefined
        : stage.deps.map(({ file }) => data.problem(file, made)).find((one) => one !== undefined));
    if (problem !== undefined) return bad(`stage "${stage.name}" of ${stage.definition}: ${problem}`);
  }
  return { ok: true, memory };
}

function outputProblem(
  root: string,
  stage: StageSpec,
  ignored: IgnoredPaths,
  noScm: boolean,
): string | undefined {
  for (const { file, cache } of stage.outs) {
    const names = [...foldersOf(file), file];
    if (names.some((one) => ignored.ignores(path.join(root, one), one !== file)))
      return `its output ${file} is ignored by .dvcignore`;
    if (isWithin(file, '.dvc')) return `its output ${file} is in DVC’s own folder`;
    const tracked = cache && !noScm ? trackedAt(root, file) : undefined;
    if (tracked !== undefined)
      return `git tracks its output ${file}: let git forget it, \`git rm -r --cached ${quoteWord(file)}\`, or say \`cache: false\``;
  }
  return undefined;
}

/** What `.dvc` files track, as far as stages depend on it. */
class DataFiles {
  readonly #root: string;
  readonly #hashes: Hashes;
  readonly #mayLack: boolean;
  readonly #said = new Map<string, string | undefined>();

  constructor(root: string, hashes: Hashes, mayLack: boolean) {
    this.#root = root;
    this.#hashes = hashes;
    this.#mayLack = mayLack;
  }

  /** Why a dependency is not as its `.dvc` file has it: bringing it there is left to DVC. */
  problem(file: string, made: ReadonlySet<string>): string | undefined {
    if ([file, ...foldersOf(file)].some((one) => made.has(one))) return undefined;
    const found = [file, ...foldersOf(file)]
      .map((one) => `${one}.dvc`)
      .filter((one) => existsSync(path.join(this.#root, one)));
    for (const one of [...found, ...this.#below(file)]) {
      const problem = this.#said.has(one) ? this.#said.get(one) : this.#compare(one);
      this.#said.set(one, problem);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #below(file: string): string[] {
    const absolute = path.join(this.#root, file);
    if (statSync(absolute, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
    return readdirSync(absolute, { recursive: true, encoding: 'utf8' }).flatMap((name) =>
      name.endsWith('.dvc') && path.basename(name) !== '.dvc'
        ? [`${file}/${name.split(path.sep).join('/')}`]
        : [],
    );
  }

  #compare(dvcFile: string): string | undefined {
    const text = readFileSync(path.join(this.#root, dvcFile), 'utf8');
    // Its outputs are listed as those of a stage are.
    const read = trackedBy(text);
    if (typeof read === 'string') return `${dvcFile}: ${read}: use \`dvc repro\``;
    for (const { path: written, md5, legacy } of read) {
      const target = path.join(this.#root, path.dirname(dvcFile), written);
      if (this.#hashes.isTooMuch(target, legacy)) continue;
      const now = this.#hashes.of(target, legacy);
      const way = `see \`dvc status ${dvcFile}\``;
      if (now === undefined && this.#mayLack) continue;
      if (now === undefined)
        return `${written}, which ${dvcFile} tracks, is missing: \`dvc checkout ${dvcFile}\` or \`dvc pull ${dvcFile}\` brings it back`;
      if (now.md5 !== md5)
        return `${written} is not as ${dvcFile} has it: \`dvc commit ${dvcFile}\` or \`dvc checkout ${dvcFile}\`, ${way}`;
    }
    return undefined;
  }
}
