/**
 * Folders of jobs that lie where nobody here sees them: what the jobs write there is brought here as it grows, so that whoever
 * looks at the folders here sees the same. How a job has ended comes last.
 */
import { appendFileSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { shellWord } from '../../../../base/shell-word.js';
import { writeAtomic } from '../../../../stores/disk/atomic.js';
import { type JobEntry, SLURM_LOG, batchFolder } from '../entry.js';
import { FILES } from '../jobs/script.js';
import type { SshConnection } from './connection.js';

/** Of one file in one look. */
const LOOK_BYTES = 4 * 1024 * 1024;
const GROWING = [FILES.out, FILES.err, FILES.metrics] as const;
/** Written once. */
const MARKS = [FILES.started, FILES.done] as const;

interface Wanted {
  /** Relative to the folder of all. */
  readonly file: string;
  /** In bytes; what is there already. Absent: it is written anew. */
  readonly from?: number;
}

export class MirroredFolders {
  readonly #connection: SshConnection;
  readonly #here: string;
  readonly #there: string;
  #pulling: Promise<boolean> = Promise.resolve(true);

  /** @param here, there the same folder: of the jobs' folders */
  constructor(connection: SshConnection, here: string, there: string) {
    this.#connection = connection;
    this.#here = here;
    this.#there = there;
  }

  /** @returns whether all of it is as new as there */
  pull(entries: readonly JobEntry[]): Promise<boolean> {
    this.#pulling = this.#pulling.then(() => this.#pull(entries));
    return this.#pulling;
  }

  async #pull(entries: readonly JobEntry[]): Promise<boolean> {
    if (entries.length === 0) return true;
    const names = [...GROWING, ...MARKS, SLURM_LOG, '[0-9]*.log'].map((name) => `-name ${shellWord(name)}`);
    const ran = await this.#connection.run(
      `cd ${shellWord(this.#there)} && find . -mindepth 2 -maxdepth 2 -type f \\( ${names.join(' -o ')} \\) -printf '%s %P\\n'\n`,
    );
    if (!ran.ok || ran.code !== 0) return false;
    const sizes = new Map(
      ran.out.split('\n').map((line) => {
        const at = line.indexOf(' ');
        return [line.slice(at + 1), Number(line.slice(0, at))] as const;
      }),
    );
    const wanted = new Map<string, Wanted>();
    for (const entry of entries) for (const one of this.#wantedOf(entry, sizes)) wanted.set(one.file, one);
    return wanted.size === 0 || this.#bring([...wanted.values()]);
  }

  #wantedOf(entry: JobEntry, sizes: ReadonlyMap<string, number>): readonly Wanted[] {
    const { name, batch } = entry;
    const isDone = sizes.has(`${name}/${FILES.done}`) && this.#sizeOf(`${name}/${FILES.done}`) === undefined;
    const logs = path.basename(batchFolder(entry));
    const growing = [
      ...GROWING.map((file) => `${name}/${file}`),
      `${logs}/${batch?.index === undefined ? SLURM_LOG : `${batch.index}.log`}`,
    ].flatMap((file): Wanted[] => {
      const from = this.#sizeOf(file) ?? 0;
      // When it was listed it may have been about to be written.
      return (sizes.get(file) ?? 0) > from || (isDone && sizes.has(file)) ? [{ file, from }] : [];
    });
    const marks = MARKS.map((file) => `${name}/${file}`).filter(
      (file) => sizes.has(file) && this.#sizeOf(file) === undefined,
    );
    return [...growing, ...marks.map((file) => ({ file }))];
  }

  #sizeOf(file: string): number | undefined {
    return statSync(path.join(this.#here, file), { throwIfNoEntry: false })?.size;
  }

  async #bring(wanted: readonly Wanted[]): Promise<boolean> {
    const lines = wanted.map(({ file, from = 0 }) => `part ${shellWord(file)} ${from + 1}`);
    const ran = await this.#connection.run(`cd ${shellWord(this.#there)} || exit 1
part() { tail -c "+$2" "$1" 2>/dev/null | head -c ${LOOK_BYTES} | base64 -w 0; echo; }
${lines.join('\n')}
`);
    if (!ran.ok || ran.code !== 0) return false;
    const parts = ran.out.split('\n');
    /** Jobs of whose output there is more. */
    const rest = new Set<string>();
    for (const [at, { file, from }] of wanted.entries()) {
      const chunk = Buffer.from(parts[at] ?? '', 'base64');
      const target = path.join(this.#here, file);
      const [name = ''] = file.split('/');
      if (from === undefined) {
        if (rest.has(name) || chunk.length === 0) continue;
        writeAtomic(target, chunk.toString());
        continue;
      }
      if (chunk.length === LOOK_BYTES) rest.add(name);
      if (chunk.length === 0) continue;
      mkdirSync(path.dirname(target), { recursive: true });
      appendFileSync(target, chunk, { mode: 0o600 });
    }
    return rest.size === 0;
  }
}
