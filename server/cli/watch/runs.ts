/** `modelyard run --watch`: runs again what became stale as files are saved, one run after the other. */
import { delay } from '../../base/delay.js';
import { plural } from '../../base/format.js';
import { RunControl } from '../../runner/execute/control.js';
import { planRun } from '../../runner/plan/plan.js';
import { PROJECT_FILES } from '../../project/find-root.js';
import type { EventSink } from '../../stores/runs/events.js';
import type { Arguments } from '../args.js';
import { CommandError } from '../command.js';
import { EXIT, stderr } from '../output.js';
import { type Prepared, prepareFor } from '../load/prepare.js';
import {
  type Progress,
  type Stamps,
  type WatchedFiles,
  differences,
  verdictOf,
  watchedFiles,
} from './files.js';

/** Runs once; `sink` hears all events besides those who show them. Throws what can be said in a sentence as `CommandError`. */
type Execute = (args: Arguments, prepared: Prepared, control: RunControl, sink: EventSink) => Promise<number>;

/** How often files are looked at. In large projects less often, so that looking takes a tenth of a core at most. */
const LOOK_MS = 300;
/** Saves come in storms: formatters, a branch that is switched. */
const QUIET_MS = 250;
const MOST_QUIET_MS = 3_000;
/** So many files are told by name. */
const MOST_NAMED = 3;

/** @returns the exit code, when somebody ends it */
export async function watchRuns(args: Arguments, execute: Execute): Promise<number> {
  let prepared = await prepareFor(args);
  const ended = new AbortController();
  const end = (): void => ended.abort();
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    const watch = new Watch();
    for (;;) {
      watch.follow(filesOf(prepared));
      const { code, again } = await runOnce(args, prepared, watch, execute);
      if (ended.signal.aborted) return code;
      if (!again) {
        stderr.line(`modelyard: watching ${plural(watch.size, 'file')}; Ctrl-C ends it`);
        await tell(watch, ended.signal);
      }
      const next = await preparedAgain(args, watch, ended.signal);
      if (next === undefined) return EXIT.ok;
      prepared = next;
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, end);
  }
}

/** Once the definition is right; nothing when somebody ends it first. */
async function preparedAgain(
  args: Arguments,
  watch: Watch,
  until: AbortSignal,
): Promise<Prepared | undefined> {
  while (!until.aborted) {
    const next = await preparedNow(args);
    if (next !== undefined) return next;
    await tell(watch, until);
  }
  return undefined;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];

/** Waits for files to be saved, and says which. */
async function tell(watch: Watch, until: AbortSignal): Promise<void> {
  const changed = await watch.changes(until);
  if (changed.length > 0) stderr.line(`modelyard: ${listed(changed)} changed`);
}

function listed(files: readonly string[]): string {
  const more = files.length - MOST_NAMED;
  return `${files.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${plural(more, 'more file')}` : ''}`;
}

/** Nothing while the definition is half-written: what is wrong with it has been printed. */
async function preparedNow(args: Arguments): Promise<Prepared | undefined> {
  try {
    const { forgetProject } = await import('../load/open-project.js');
    forgetProject();
    const next = await prepareFor(args);
    // Force is for the first run: what it made is not stale.
    return { ...next, flags: { ...next.flags, force: false } };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    stderr.line(`modelyard: ${error.message}`);
    return undefined;
  }
}

function filesOf({ root, relative, compiled, params, selection }: Prepared): WatchedFiles {
  const { pipeline } = compiled;
  const own = [relative, ...PROJECT_FILES, ...(pipeline.paramFiles ?? []).map((file) => file.path)];
  return watchedFiles(root, pipeline, params, selection, own);
}

async function runOnce(
  args: Arguments,
  prepared: Prepared,
  watch: Watch,
  execute: Execute,
): Promise<{ readonly code: number; readonly again: boolean }> {
  const control = new RunControl();
  const told = new Told();
  const over = new AbortController();
  const done = execute(args, prepared, control, (event) => told.take(event))
    .catch((error: unknown) => {
      if (!(error instanceof CommandError)) throw error;
      stderr.line(`modelyard: ${error.message}`);
      return error.exitCode;
    })
    .finally(() => over.abort());
  let again = false;
  const follow = async (): Promise<void> => {
    for (;;) {
      const changed = await watch.changes(over.signal);
      if (changed.length === 0) return;
      const next = await preparedNow(args);
      // Where it can't be told, the run goes on and another one follows.
      const stale =
        next === undefined ? undefined : await staleNow(next, watch, changed, told).catch(() => undefined);
      const verdict =
        stale === undefined ? { cancel: false, again: true } : verdictOf(watch.graph, told, stale);
      // A run keeps the definition that it began with.
      again ||= verdict.again || changed.some((file) => watch.defines(file));
      if (!verdict.cancel || control.cancelled.aborted) continue;
      stderr.line(`modelyard: ${listed(changed)} changed: cancelling what is out of date`);
      control.cancel();
    }
  };
  const [code] = await Promise.all([done, follow()]);
  return { code, again };
}

/** Instances that were begun and would be begun otherwise now. */
async function staleNow(
  { root, compiled, params, selection, place }: Prepared,
  watch: Watch,
  changed: readonly string[],
  told: Told,
): Promise<readonly string[]> {
  const { tasks, problem } = await planRun(root, compiled.pipeline, {
    params,
    places: compiled.places,
    ...selection,
    place,
  });
  const byFile = new Set(changed.flatMap((file) => [...watch.readers(file)]));
  const planned = new Map(tasks.map((task) => [task.id, task.fingerprint?.hash]));
  return [...told.running, ...told.ended].filter((id) => {
    const now = planned.get(id);
    const before = told.fingerprints.get(id);
    // Where a plan can't tell, because it would have to read a large file, whose file it is decides.
    if (problem !== undefined || now === undefined || before === undefined) return byFile.has(id);
    return now !== before;
  });
}

/** What the events of a run tell of how far it has come. */
class Told implements Progress {
  readonly running = new Set<string>();
  readonly ended = new Set<string>();
  readonly fingerprints = new Map<string, string>();

  take(event: Parameters<EventSink>[0]): void {
    switch (event.type) {
      case 'task-planned':
        if (event.fingerprint !== undefined) this.fingerprints.set(event.id, event.fingerprint.hash);
        break;
      case 'task-submitted':
      case 'task-started':
        this.running.add(event.id);
        break;
      case 'task-ended':
        this.running.delete(event.id);
        this.ended.add(event.id);
        break;
      default:
    }
  }
}

/** Looks at files from time to time: events of the system miss network disks, and differ between systems. */
class Watch {
  #files: WatchedFiles | undefined;
  #seen: Stamps = new Map();

  /** From now on these. What has changed of them since they were looked at last is told. */
  follow(files: WatchedFiles): void {
    const before = this.#seen;
    this.#files = files;
    this.#seen = new Map([...files.look()].map(([file, stamp]) => [file, before.get(file) ?? stamp]));
  }

  get size(): number {
    return this.#seen.size;
  }

  get graph(): WatchedFiles['graph'] {
    if (this.#files === undefined) throw new Error('nothing is watched yet');
    return this.#files.graph;
  }

  defines(file: string): boolean {
    return this.#files?.defines(file) ?? false;
  }

  readers(file: string): ReadonlySet<string> {
    return this.#files?.readers(file) ?? new Set();
  }

  /** Files that changed, once no more do; none when the signal came first. */
  async changes(until: AbortSignal): Promise<readonly string[]> {
    for (;;) {
      const started = performance.now();
      const now = this.#files?.look() ?? this.#seen;
      const tookMs = performance.now() - started;
      if (differences(this.#seen, now).length > 0) return this.#settled(now);
      if (until.aborted) return [];
      await delay(Math.max(LOOK_MS, 10 * tookMs), until);
    }
  }

  async #settled(first: Stamps): Promise<readonly string[]> {
    let now = first;
    const latest = performance.now() + MOST_QUIET_MS;
    for (;;) {
      await delay(QUIET_MS);
      const next = this.#files?.look() ?? now;
      const quiet = differences(now, next).length === 0;
      now = next;
      if (quiet || performance.now() > latest) break;
    }
    const changed = differences(this.#seen, now);
    this.#seen = now;
    return changed;
  }
}
