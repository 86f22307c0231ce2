/** With `inputs: auto`: what a task was seen to read is what its result is known by. */
import { isWithin } from '../../definition/text/paths.js';
import { statOf } from '../../stores/disk/folder.js';
import type { FingerprintRecord, OpenedFiles } from '../../stores/runs/document.js';
import { type Printed, declares, fingerprintTask } from '../plan/decide.js';
import { ancestorsOf, producerOf } from '../plan/upstream.js';
import type { ResolvedTask } from '../resolve/fully.js';
import type { Session } from '../session.js';

export interface InputsRead extends Printed {
  /** Why it has to run again all the same. */
  readonly doubt?: string;
  /** For the person who runs it. */
  readonly notices: readonly string[];
}

/**
 * @param print what the task was known by before it ran
 * @param begunMs when it began, since 1970
 */
export async function inputsRead(
  session: Session,
  task: ResolvedTask,
  print: FingerprintRecord,
  opened: OpenedFiles | undefined,
  begunMs: number,
  signal: AbortSignal,
): Promise<InputsRead> {
  const unknown = (doubt: string): InputsRead => ({ fingerprint: print, inputs: [], doubt, notices: [] });
  if (opened === undefined) return unknown('no Python was seen that tells what it reads (`inputs: auto`)');
  if (opened.more !== undefined) return unknown('it reads more files than are noted (`inputs: auto`)');
  const own = new Set(opened.written);
  const paths = opened.read.filter((file) => !own.has(file) && !isOutput(task, file));
  const others = task.inputs.filter((input) => input.seen !== true);
  const known = new Set(others.map(({ path }) => path));
  const seen = paths.filter((path) => !known.has(path));
  const inputs = [...others, ...seen.map((path) => ({ path, glob: false, exclude: [], optional: true }))];
  const printed = await fingerprintTask(session, { ...task, inputs }, (file) =>
    session.workspace.read(file, signal),
  );
  if (!printed.ok) return unknown(printed.message);
  const late = paths.find((file) => (statOf(session.workspace.absolute(file))?.mtimeMs ?? 0) >= begunMs);
  return {
    fingerprint: printed.fingerprint,
    inputs: printed.inputs,
    ...(late === undefined ? {} : { doubt: `input ${late} changed while it ran` }),
    notices: unordered(session, task.id, paths),
  };
}

/** Files that other tasks make are there in time by chance only, unless one waits for the other. */
function unordered(session: Session, id: string, paths: readonly string[]): string[] {
  const before = new Set(ancestorsOf(session, id).map((one) => one.id));
  return paths.flatMap((file) => {
    const maker = producerOf(session, file);
    if (maker === undefined || maker.id === id || before.has(maker.id)) return [];
    const needs = `write \`needs: [${maker.task.name}]\``;
    return [`${id}: it read ${file}, which ${maker.id} makes, without waiting for it: ${needs}`];
  });
}

function isOutput(task: ResolvedTask, file: string): boolean {
  return declares(task, file) || task.outputs.some(({ path, glob }) => !glob && isWithin(file, path));
}
