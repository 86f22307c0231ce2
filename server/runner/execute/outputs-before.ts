/**
 * What is at a task's output paths while the task works. Nothing there is removed unless its bytes are known: those that a
 * task of this pipeline put out last, or that the cache or the model registry keeps. The last good outputs wait in the trash
 * until the new ones are there; whatever no run has made stays in it.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { globOf } from '../../definition/text/glob.js';
import { ArtifactObjects } from '../../stores/registry/versions/objects.js';
import { registryPlaces } from '../../stores/registry/places.js';
import type { Held, RunTrash } from '../../stores/trash.js';
import type { StageMemory } from '../dvc/memory.js';
import type { LeftJob } from '../executors/executor.js';
import type { TaskOutputPath } from '../resolve/resolve.js';
import type { Session } from '../session.js';
import type { ReadInput } from '../resolve/workspace.js';

/** `unknown`: nobody has read it, because it is large, and only a plan is wanted. */
export type Found = 'nothing' | 'known' | 'found' | 'unknown';

/** Whether what is at an output's path is known to have been made by a run. */
export async function foundAt(
  session: Session,
  file: string,
  read: (path: string) => ReadInput | Promise<ReadInput>,
): Promise<Found> {
  const target = session.workspace.absolute(file);
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return 'nothing';
  if (stat.isFile() && stat.size === 0) return 'known';
  if (stat.isDirectory() && isHollow(target)) return 'known';
  const recorded = session.states.recorded(file);
  if (session.stages !== undefined) return madeByStage(session, session.stages, file);
  // A link is somebody's, unless the task made this very one; what it leads to is not removed with it.
  if (stat.isSymbolicLink()) {
    const to = readlinkSync(target);
    return recorded.some(({ link }) => link === to) ? 'known' : 'found';
  }
  const now = await read(file);
  if (!now.ok) return now.reason === 'unknown' ? 'unknown' : 'found';
  const hash = now.records[0]?.hash ?? '';
  if (recorded.some((output) => output.hash === hash)) return 'known';
  const folder = stat.isDirectory();
  const registry = new ArtifactObjects(registryPlaces(session.root));
  return session.cache.keeps(hash, folder) || registry.holds(hash, folder) ? 'known' : 'found';
}

/** DVC, too, may have made it. */
function madeByStage(session: Session, stages: StageMemory, file: string): Found {
  const told = session.graph.instances.flatMap(({ task: { stage } }) =>
    (stage?.outs ?? []).flatMap((out) =>
      stage !== undefined && out.file === file ? [stages.made(stage, out)] : [],
    ),
  );
  if (told.includes(true)) return 'known';
  return told.includes(undefined) ? 'unknown' : 'found';
}

/** Whether nothing but folders is in a folder: no bytes that could be lost. */
export function isHollow(folder: string): boolean {
  try {
    return readdirSync(folder, { withFileTypes: true }).every(
      (entry) => entry.isDirectory() && isHollow(path.join(folder, entry.name)),
    );
  } catch {
    return false;
  }
}

/** Where outputs are written, relative to the project; what a glob will match is not known yet: where it looks. */
export function placesOf(
  outputs: readonly { readonly path?: string; readonly glob: boolean }[],
): readonly string[] {
  return outputs.flatMap(({ path: one, glob }) =>
    one === undefined ? [] : [glob ? globOf(one).base || '.' : one],
  );
}

/** The globs among outputs, as they are written. */
export function globsIn(
  outputs: readonly { readonly path?: string; readonly glob: boolean }[],
): readonly string[] {
  return outputs.flatMap(({ path: one, glob }) => (glob && one !== undefined ? [one] : []));
}

/** What has to be where a task runs: its inputs, and outputs that it goes on with. */
export function readBy(outputs: readonly TaskOutputPath[], inputs: readonly string[]): readonly string[] {
  return [...inputs, ...outputs.filter((output) => output.persist).map((output) => output.path)];
}

/** The outputs of one task, from before it starts until it is known how it ends. */
export class OutputsBefore {
  readonly #session: Session;
  readonly #trash: RunTrash;
  readonly #task: string;
  readonly #say: (message: string) => void;
  #held: Held[] = [];
  readonly #globs = new Set<TaskOutputPath>();
  /** Files that the globs of outputs matched before and that no run has made, with their stamps: they stay. */
  readonly #strangers = new Map<string, string>();

  /** @param say tells the person what was set aside, in a line */
  constructor(session: Session, trash: RunTrash, task: string, say: (message: string) => void) {
    this.#session = session;
    this.#trash = trash;
    this.#task = task;
    this.#say = say;
  }

  /** Takes the outputs away, so that what is there afterwards is what the task made. */
  async clear(outputs: readonly TaskOutputPath[], signal?: AbortSignal): Promise<void> {
    const { workspace } = this.#session;
    const pathsOf = (output: TaskOutputPath): string[] =>
      output.glob ? workspace.expand(output.path) : [output.path];
    const kept = outputs.filter((output) => output.persist).flatMap(pathsOf);
    const { stages } = this.#session;
    if (stages !== undefined) for (const file of kept) await stages.release(file);
    else if (kept.length > 0) await this.#session.cache.release(kept);
    const paths = outputs.filter((output) => !output.persist && !output.glob).map((output) => output.path);
    for (const output of outputs) {
      if (!output.glob) continue;
      this.#globs.add(output);
      for (const file of output.persist ? [] : pathsOf(output)) {
        if ((await this.#reason(file, signal)) === 'before') paths.push(file);
        else this.#strangers.set(file, stampOf(workspace.absolute(file)));
      }
    }
    // A file may be an output and metrics as well.
    const files = [...new Set(paths)];
    const found = await Promise.all(files.map((file) => this.#reason(file, signal)));
    this.#held.push(
      ...this.#trash.hold(
        this.#task,
        files.map((file, index) => ({ path: file, reason: found[index] ?? 'found' })),
      ),
    );
    // DVC makes no folders.
    for (const output of stages === undefined ? outputs : []) {
      const folder = output.glob
        ? workspace.absolute(globOf(output.path).base || '.')
        : path.dirname(workspace.absolute(output.path));
      if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
    }
  }

  /** Instead of `clear`, where a job that another runner has begun is making them. */
  adopt(outputs: readonly TaskOutputPath[], { run, memo }: Pick<LeftJob, 'run' | 'memo'>): void {
    this.#held.push(...this.#trash.adopt(this.#task, run));
    for (const output of outputs) if (output.glob) this.#globs.add(output);
    for (const [file, stamp] of Object.entries(memo.strangers)) this.#strangers.set(file, stamp);
  }

  /** Files that globs matched before and that stay, with their stamps. */
  get strangers(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#strangers);
  }

  /** What there is of an output now: one path, or all that its glob matches and that the task has touched. */
  made(output: TaskOutputPath): string[] {
    const { workspace } = this.#session;
    if (!output.glob) return output.optional && !workspace.exists(output.path) ? [] : [output.path];
    return workspace
      .expand(output.path)
      .filter((file) => this.#strangers.get(file) !== stampOf(workspace.absolute(file)));
  }

  /** Where half of an output may be. */
  #touched(): string[] {
    const matched = [...this.#globs].flatMap((output) => (output.persist ? [] : this.made(output)));
    return [...new Set([...this.#held.map(({ path: file }) => file), ...matched])];
  }

  /** Takes one away that is about to be restored. */
  async makeWay(file: string, signal?: AbortSignal): Promise<void> {
    this.#held.push(
      ...this.#trash.hold(this.#task, [{ path: file, reason: await this.#reason(file, signal) }]),
    );
  }

  /** Before another attempt: what the last one made is set aside. */
  discard(): void {
    for (const file of this.#touched()) this.#trash.setAside(this.#task, file, 'half-made');
  }

  /** The task has succeeded, and its outputs are there. Call before that is recorded; then `sweep`. */
  settle(): void {
    for (const { path: file, at } of this.#trash.settle(this.#held)) {
      this.#say(
        `${this.#task}: what was at ${file} was made by no run that is known; it is set aside in ${at} (\`modelyard trash restore\` brings it back)`,
      );
    }
  }

  /** Frees what the outputs were before. */
  sweep(): void {
    this.#trash.sweep(this.#held);
    this.#held = [];
  }

  /** The task has not succeeded: everything is as it was before, and what it half made is set aside. */
  undo(): void {
    const touched = this.#touched();
    const held = this.#held;
    this.#held = [];
    const halfMade = touched.flatMap((file) => this.#trash.setAside(this.#task, file, 'half-made') ?? []);
    this.#trash.putBack(held);
    const back = held.filter(({ moved }) => moved).map(({ path: file }) => file);
    const told = [
      ...(halfMade.length === 0 ? [] : [`what it half made is set aside in ${halfMade.join(', ')}`]),
      ...(back.length === 0 ? [] : [`${back.join(', ')} ${back.length === 1 ? 'is' : 'are'} as before`]),
    ];
    if (told.length > 0) this.#say(`${this.#task}: ${told.join('; ')}`);
  }

  async #reason(file: string, signal: AbortSignal | undefined): Promise<'before' | 'found'> {
    const found = await foundAt(this.#session, file, (one) => this.#session.workspace.read(one, signal));
    return found === 'found' || found === 'unknown' ? 'found' : 'before';
  }
}

/** Changes when somebody writes the file. */
function stampOf(absolute: string): string {
  const stat = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino} ${stat.size}`;
}
