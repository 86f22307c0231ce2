/**
 * `dist/features.js`: the disposable process that holds DuckDB. It lives as long as its parent wants it to, and not a
 * moment longer: when the channel closes, whatever DuckDB is at is abandoned.
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import type { EngineResult, FromChild, Limits, ToChild } from './messages.js';
import type { Session } from './session.js';

const PROGRESS_MS = 200;
const INTERRUPT_MS = 20;

/** The process's memory is looked at so often: what allocates fastest takes some 100 MB in that time. */
const MEMORY_MS = 50;
/** Beside the database's own limit: Node, DuckDB's code, results on their way, and what no limit of a database counts. */
const BESIDE_BYTES = 512 * 1024 ** 2;

let session: Session | undefined;
/** One after the other: there is one connection. */
let last: Promise<void> = Promise.resolve();

function send(message: FromChild): void {
  process.send?.(message);
}

/** Requests up to this one are to end. */
let interrupted = -1;
let newest = -1;

process.on('message', (message: ToChild) => {
  if (message.op === 'interrupt') interrupted = newest;
  else {
    newest = message.id;
    last = last.then(() => answer(message));
  }
});
// Not `exit`: DuckDB's threads may be in the middle of a query, and nothing here is worth an orderly end.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

/**
 * The database's limit is about its own buffers: a single function may take gigabytes beside them. So the process itself is bounded;
 * and where the system runs short of memory before that, this process is the first to go, and not the editor.
 */
function boundMemory({ memoryBytes }: Limits): void {
  try {
    if (process.platform === 'linux') writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not allowed here: the watch below is.
  }
  const limit = memoryBytes * 1.5 + BESIDE_BYTES;
  const timer = setInterval(() => {
    const rss = process.memoryUsage.rss();
    if (rss <= limit) return;
    clearInterval(timer);
    const end = (): boolean => process.kill(process.pid, 'SIGKILL');
    process.send?.({ outgrown: rss, limit } satisfies FromChild, end);
    setTimeout(end, MEMORY_MS);
  }, MEMORY_MS);
}

async function answer(request: Exclude<ToChild, { op: 'interrupt' }>): Promise<void> {
  const { id } = request;
  if (request.op === 'open') {
    boundMemory(request.limits);
    const opened = await open(request.limits);
    if (opened.ok) session = opened.value;
    send({ id, result: opened.ok ? { ok: true, value: null } : opened });
    return;
  }
  const current = session;
  if (current === undefined) return;
  // DuckDB forgets an interrupt that comes before the query has begun: so it is told again until the query has ended.
  const interrupts = setInterval(() => {
    if (id <= interrupted) current.interrupt();
  }, INTERRUPT_MS);
  let told = -1;
  const timer = setInterval(() => {
    const progress = Math.floor(current.progress);
    if (progress > told) send({ id, progress });
    told = Math.max(told, progress);
  }, PROGRESS_MS);
  const result = await (request.op === 'define'
    ? current.define(request.definition)
    : current.query(request.sql, request.params, request.maxRows));
  clearInterval(timer);
  clearInterval(interrupts);
  send({ id, result });
}

/** Loads DuckDB, whose binary is a package of its own for each platform. */
async function open(limits: Limits): Promise<EngineResult<Session>> {
  try {
    return await (await import('./session.js')).Session.open(limits);
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
    const message =
      `The feature store needs DuckDB, and its binary for ${process.platform}-${process.arch} is not part of this installation (${why}). ` +
      'Install the build of Modelyard for this platform; everything else works without it.';
    return { ok: false, error: { kind: 'missing', message } };
  }
}
