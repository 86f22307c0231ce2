/**
 * What the documentation says that runs do, as a program of its own: which tasks start, which are worked on, what they
 * leave, what people are asked. It knows files by their contents, tasks by their texts, and nothing of the runner.
 */

export interface SimTask {
  readonly name: string;
  readonly kind: 'work' | 'ask' | 'call';
  /** Changes with each edit of its command. */
  readonly version: number;
  /** Tasks whose outputs it reads: before it, or of the called pipeline. */
  readonly reads: readonly string[];
  readonly needs: readonly string[];
  /** It reads a file of its own. */
  readonly source: boolean;
  readonly when?: 'always()' | 'failure()';
  readonly tolerated: boolean;
  /** What it means when nobody answers within an hour. */
  readonly timeout?: 'approve' | 'reject';
}

export interface SimDefinition {
  readonly main: readonly SimTask[];
  /** Of the called pipeline; empty: there is none. */
  readonly below: readonly SimTask[];
}

export interface SimFlags {
  readonly keepGoing: boolean;
  readonly force: boolean;
}

export const HOUR = 3_600_000;

export type SimStatus = 'ok' | 'failed' | 'skipped' | 'waiting';

interface Result {
  readonly status: SimStatus;
  readonly tolerated: boolean;
  /** It failed, or was skipped because something before it had. */
  readonly tainted: boolean;
  /** What it has come to by itself, and all before it. */
  readonly made: string;
  readonly identity: string;
  /** Of what is before it. */
  readonly upstream: string;
}

export interface SimAsk {
  readonly question: string;
  readonly expiresAt: number | undefined;
  verdict?: 'approved' | 'rejected';
  /** Its time was up, and that counted. */
  over?: boolean;
}

export type RunStatus = 'succeeded' | 'failed' | 'waiting' | 'interrupted';

export class SimRun {
  status: RunStatus = 'waiting';
  results = new Map<string, Result>();
  /** Key and content of what has succeeded in it. */
  done = new Map<string, string>();
  asks = new Map<string, SimAsk>();
  child: SimRun | undefined;
  readonly definition: SimDefinition;
  readonly flags: SimFlags;

  constructor(definition: SimDefinition, flags: SimFlags) {
    this.definition = definition;
    this.flags = flags;
  }

  copy(): SimRun {
    const made = new SimRun(this.definition, this.flags);
    made.status = this.status;
    made.results = new Map(this.results);
    made.done = new Map(this.done);
    made.asks = new Map([...this.asks].map(([name, ask]) => [name, { ...ask }]));
    made.child = this.child?.copy();
    return made;
  }

  /** A new run of the same definition; what was asked in the one that it resumes is known in it. */
  after(resumed: SimRun | undefined): SimRun {
    const made = new SimRun(this.definition, this.flags);
    const copy = resumed?.copy();
    if (copy === undefined) return made;
    made.asks = copy.asks;
    made.child = copy.child;
    return made;
  }

  /** Questions that are open, here and in the called pipeline. */
  open(): { readonly run: SimRun; readonly task: string; readonly ask: SimAsk }[] {
    const own = [...this.results].flatMap(([task, { status }]) => {
      const ask = this.asks.get(task);
      return status === 'waiting' && ask !== undefined ? [{ run: this, task, ask }] : [];
    });
    return [...own, ...(this.child?.status === 'waiting' ? this.child.open() : [])];
  }
}

export class SimWorld {
  now = Date.UTC(2030, 0, 1);
  /** Outputs by the names of their tasks. */
  files = new Map<string, string>();
  sources = new Map<string, number>();
  /** Tasks that fail now. */
  bad = new Set<string>();
  /** What has ever been made: it is not made again. */
  kept = new Set<string>();
  /** Worked on by a runner that was killed: it may have been kept. */
  perhaps = new Set<string>();
  /** Tasks that this pass works on, and their keys by their names. */
  works: string[] = [];
  keys = new Map<string, string>();
  /** What this pass was seen to work on: decides where `perhaps` leaves it open. */
  seen: ReadonlySet<string> = new Set();

  copy(): SimWorld {
    const made = new SimWorld();
    made.now = this.now;
    made.files = new Map(this.files);
    made.sources = new Map(this.sources);
    made.bad = new Set(this.bad);
    made.kept = new Set(this.kept);
    made.perhaps = new Set(this.perhaps);
    return made;
  }

  sourceText(task: string): string {
    return `${task} source ${this.sources.get(task) ?? 0}\n`;
  }
}

interface Above {
  readonly needs: string;
  readonly follows: string;
}

/** What a run is begun from. */
export interface Before {
  readonly run: SimRun;
  /** It continues as itself; else a new run takes its place. */
  readonly same: boolean;
  /** Failures and skips of it are final: it is a part of the same run. */
  readonly settled: boolean;
}

/** One pass of a run: until it ends or only waits. */
export function perform(
  world: SimWorld,
  run: SimRun,
  before: Before | undefined,
  level: 'main' | 'below' = 'main',
  above?: Above,
): void {
  new Pass(world, run, before, level, above).go();
}

class Pass {
  readonly #world: SimWorld;
  readonly #run: SimRun;
  readonly #before: Before | undefined;
  readonly #tasks: readonly SimTask[];
  readonly #above: Above | undefined;
  readonly #results = new Map<string, Result>();
  #failed = false;

  constructor(
    world: SimWorld,
    run: SimRun,
    before: Before | undefined,
    level: 'main' | 'below',
    above: Above | undefined,
  ) {
    this.#world = world;
    this.#run = run;
    this.#before = before;
    this.#tasks = run.definition[level];
    this.#above = above;
  }

  go(): void {
    const waiting = (): string[] =>
      [...this.#results].flatMap(([name, { status }]) => (status === 'waiting' ? [name] : []));
    for (;;) {
      const next = this.#tasks.find(
        (task) => !this.#results.has(task.name) && this.#depsOf(task).every((one) => this.#has(one)),
      );
      if (next !== undefined) this.#end(next, this.#decide(next));
      else if (waiting().length > 0 && this.#failed && !this.#run.flags.keepGoing) {
        for (const name of waiting()) {
          const task = this.#task(name);
          this.#end(task, { status: 'skipped' });
        }
      } else break;
    }
    // What has ended in the run stays as it is until it is come to again, also behind what is asked anew.
    const earlier = this.#before?.same === true ? [...this.#before.run.results] : [];
    this.#run.results = new Map([
      ...earlier.filter(([, { status }]) => status !== 'waiting'),
      ...this.#results,
    ]);
    const left = waiting();
    this.#run.status = left.length > 0 ? 'waiting' : this.#failed ? 'failed' : 'succeeded';
  }

  #has(name: string): boolean {
    const result = this.#results.get(name);
    return result !== undefined && result.status !== 'waiting';
  }

  #task(name: string): SimTask {
    const found = this.#tasks.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no task ${name}`);
    return found;
  }

  /** Tasks of the same pipeline that it directly depends on. */
  #depsOf(task: SimTask): string[] {
    const own = new Set(this.#tasks.map(({ name }) => name));
    return [...new Set([...task.needs, ...task.reads.map((one) => (own.has(one) ? one : 'call'))])].sort();
  }

  #ancestors(task: SimTask): Set<string> {
    const found = new Set<string>();
    for (const dep of this.#depsOf(task)) {
      found.add(dep);
      for (const one of this.#ancestors(this.#task(dep))) found.add(one);
    }
    return found;
  }

  #upstream(task: SimTask): string {
    return JSON.stringify(this.#depsOf(task).map((dep) => [dep, this.#results.get(dep)?.identity]));
  }

  #end(task: SimTask, how: { readonly status: SimStatus; readonly made?: string }): void {
    const deps = this.#depsOf(task).map((dep) => this.#results.get(dep));
    const { status, made = status } = how;
    const tolerated = status === 'failed' && task.tolerated;
    const tainted =
      (status === 'failed' && !tolerated) ||
      (status === 'skipped' && deps.some((dep) => dep?.tainted === true));
    const upstream = this.#upstream(task);
    this.#results.set(task.name, {
      status,
      tolerated,
      tainted,
      made,
      upstream,
      identity: JSON.stringify([made, upstream]),
    });
    if (status === 'failed' && !tolerated) this.#failed = true;
    // What it came to when it was last looked at is what counts.
    if (status === 'skipped') this.#run.done.delete(task.name);
  }

  #decide(task: SimTask): { readonly status: SimStatus; readonly made?: string } {
    const before = this.#before?.run.results.get(task.name);
    const final = this.#before !== undefined && (this.#before.same || this.#before.settled);
    if (
      final &&
      (before?.status === 'failed' || before?.status === 'skipped') &&
      before.upstream === this.#upstream(task)
    )
      return { status: before.status };
    if (!this.#mayStart(task)) return { status: 'skipped' };
    if (task.kind === 'ask') return this.#ask(task);
    return task.kind === 'call' ? this.#call(task) : this.#work(task);
  }

  #mayStart(task: SimTask): boolean {
    const deps = this.#depsOf(task).map((dep) => this.#results.get(dep));
    const tainted = deps.some((dep) => dep?.tainted === true);
    if (task.when === 'always()') return true;
    if (task.when === 'failure()') return tainted;
    if (tainted || deps.some((dep) => dep?.status === 'skipped')) return false;
    return !this.#failed || this.#run.flags.keepGoing;
  }

  #ask(task: SimTask): { readonly status: SimStatus; readonly made?: string } {
    const { now } = this.#world;
    const question = JSON.stringify([task.version, this.#stake(task)]);
    const made = `asked ${question}`;
    let known = this.#before?.run.asks.get(task.name);
    if (known?.question !== question) known = undefined;
    const isOver = known?.expiresAt !== undefined && known.verdict === undefined && now >= known.expiresAt;
    // A new run asks anew what was refused.
    if (known !== undefined && this.#before?.same === false && !this.#doneBefore(task, made)) {
      if (known.verdict === 'rejected' || isOver || known.over === true) known = undefined;
    }
    if (known !== undefined && isOver) known = { ...known, over: true };
    const ask: SimAsk = known ?? { question, expiresAt: task.timeout === undefined ? undefined : now + HOUR };
    this.#run.asks.set(task.name, ask);
    if (ask.verdict === 'approved' || (ask.over === true && task.timeout === 'approve')) {
      this.#run.done.set(task.name, made);
      return { status: 'ok', made };
    }
    if (ask.verdict === 'rejected' || ask.over === true) return { status: 'failed' };
    return { status: 'waiting' };
  }

  #doneBefore(task: SimTask, made: string): boolean {
    return this.#before?.run.done.get(task.name) === made;
  }

  /** What an answer stands for: all that came before, and all that follows, with the files of its own that it reads. */
  #stake(task: SimTask): Above {
    const needs = [...this.#ancestors(task)].sort().map((one) => [one, this.#results.get(one)?.made]);
    const follows = this.#tasks
      .filter((one) => this.#ancestors(one).has(task.name) || (task.kind === 'call' && one === task))
      .map((one) => [
        one,
        one.kind === 'call' ? this.#run.definition.below : '',
        [one, ...(one.kind === 'call' ? this.#run.definition.below : [])]
          .filter(({ source }) => source)
          .map(({ name }) => this.#world.sourceText(name)),
      ]);
    return {
      needs: `${this.#above?.needs ?? ''}${JSON.stringify(needs)}`,
      follows: `${this.#above?.follows ?? ''}${JSON.stringify(follows)}`,
    };
  }

  #work(task: SimTask): { readonly status: SimStatus; readonly made?: string } {
    const world = this.#world;
    const parts: string[] = [];
    for (const read of task.reads) {
      if (!this.#isMade(read)) return this.#failedAt(task);
      parts.push(world.files.get(read) ?? '');
    }
    if (task.source) parts.push(world.sourceText(task.name));
    const content = `${parts.join('')}${task.name} ${task.version}\n`;
    // Named by path and in order, so that the same bytes from elsewhere are another command.
    const key = JSON.stringify([task.name, task.version, task.reads, task.source, parts]);
    const done = { status: 'ok', made: key } as const;
    const intact = world.files.get(task.name) === content;
    const doneHere = intact && this.#doneBefore(task, key);
    this.#run.done.set(task.name, key);
    if (doneHere) return done;
    world.keys.set(task.name, key);
    const open = world.perhaps.delete(key) && (this.#run.flags.force || !world.kept.has(key));
    const bad = world.bad.has(task.name);
    if (open ? world.seen.has(task.name) : this.#run.flags.force || !world.kept.has(key)) {
      world.works.push(task.name);
      if (bad) return this.#failedAt(task);
    } else if (open && bad && !world.kept.has(key)) return this.#failedAt(task);
    world.kept.add(key);
    world.files.set(task.name, content);
    return done;
  }

  #failedAt(task: SimTask): { readonly status: SimStatus } {
    this.#run.done.delete(task.name);
    return { status: 'failed' };
  }

  #isMade(name: string): boolean {
    const own = this.#results.get(name);
    if (own !== undefined) return own.status === 'ok';
    // Also of a call that failed: what its tasks have made is there.
    const call = this.#results.get('call')?.status;
    return (call === 'ok' || call === 'failed') && this.#run.child?.results.get(name)?.status === 'ok';
  }

  #call(task: SimTask): { readonly status: SimStatus; readonly made?: string } {
    const earlier = this.#before?.run.child;
    const child = earlier?.status === 'waiting' ? earlier.copy() : this.#run.after(earlier);
    const before =
      earlier === undefined
        ? undefined
        : {
            run: earlier,
            same: earlier.status === 'waiting',
            settled: this.#before?.same === true,
          };
    perform(this.#world, child, before, 'below', this.#stake(task));
    this.#run.child = child;
    const made = JSON.stringify([...child.results].map(([name, result]) => [name, result.made]).sort());
    if (child.status === 'waiting') return { status: 'waiting' };
    return child.status === 'succeeded' ? { status: 'ok', made } : { status: 'failed' };
  }
}
