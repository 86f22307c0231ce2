/**
 * Inputs that are only in the copy of a project, on the cluster's file system: looked at over the connection, read by a job there,
 * and never brought here. What has not changed since is not read again.
 */
import { shellWord } from '../../../../base/shell-word.js';
import { type ListingLine, hashOf, listingOfLines } from '../../../../stores/content/hash.js';
import type { FarIndex } from '../../../../stores/content/far-index.js';
import type { FileRecord } from '../../../../stores/runs/document.js';
import type { FarInput, FarReading } from '../../executor.js';
import type { RemotePlace } from '../entry.js';
import type { Ran, SshConnection } from './connection.js';
import { patiently, troubleOf } from './trouble.js';

/** Paths that are asked for in that time are asked for in one go. */
const GATHER_MS = 30;
/** Until a line that is down is tried again. */
const AGAIN_MS = 5_000;

/** How a path is told from what lay there before; `folder` of a folder is over all that is in it. */
const LOOK = `look() {
  local sum
  if [ -d "$1" ]; then
    if sum=$(cd -- "$1" && find . -printf '%y %s %T@ %C@ %i %l %P\\0' | LC_ALL=C sort -z | sha256sum); then echo "folder \${sum%% *}"
    else echo unreadable; fi
  elif [ -f "$1" ]; then stat -L -c 'file %s %.Y %.Z %i' -- "$1"
  elif [ -e "$1" ]; then echo special
  else echo absent; fi
} 2>/dev/null
set -o pipefail
put() { printf '%s\\0' "$@"; }
`;

/** Says of a path what a hash of it is made of (`stores/content/hash.ts`). What a `setup` prints before is ended by the first word. */
const READ = `${LOOK}put ''
tree() {
  local one led sum top
  top=$(pwd -P)
  [ -z "$(find . ! -type f ! -type d ! -type l -print -quit)" ] || { put X 'holds a socket, pipe or device'; return; }
  find . -mindepth 1 -type d -empty -printf 'D\\0%P\\0' || return
  sum=$(find . -type f -printf '%s\\n' | awk '{ n += $1 } END { printf "%.0f", n }') || return
  put B "$sum"
  find . -type f -print0 | xargs -0 -r sha256sum -b -z -- | while IFS= read -r -d '' one; do put F "$one"; done || return
  while IFS= read -r -d '' one; do
    led=$(readlink -f -- "$one") && [ -e "$led" ] || led=
    case $led in "$top" | "$top"/*) led= ;; esac
    if [ -n "$led" ] && [ -d "$led" ]; then put X "holds a link to a folder that is not in it: \${one#./}"; return; fi
    sum=
    if [ -n "$led" ] && [ -f "$led" ]; then sum=$(sha256sum -b <"$led") || return; fi
    put L "\${one#./}" "$(readlink -- "$one")" "\${sum%% *}"
  done < <(find . -type l -print0)
}
content() {
  put P "$1" "$(look "$2")"
  if [ -d "$2" ]; then (cd -- "$2" && tree) || put X "can't be read"
  else put B "$(stat -L -c %s -- "$2")" && sum=$(sha256sum -b <"$2") && put F "$sum" || put X "can't be read"
  fi
  # What changes now may look the same afterwards.
  put E "$(look "$2")" "$(find -H "$2" -newerct '2 seconds ago' -print -quit 2>/dev/null)"
}
`;

interface Wish {
  readonly path: string;
  readonly reading: FarReading;
  readonly resolve: (input: FarInput | undefined) => void;
}

/** Runs a program of bash in a job, in the root of the copy. Gives what it has printed, or why it has not ended well. */
export type Helper = (
  program: string,
  reading: FarReading,
) => Promise<{ readonly ok: true; readonly out: Buffer } | { readonly ok: false; readonly message: string }>;

export class FarFiles {
  readonly #connection: SshConnection;
  readonly #place: RemotePlace;
  readonly #index: FarIndex;
  readonly #helper: Helper;
  #waiting: Wish[] = [];

  constructor(connection: SshConnection, place: RemotePlace, index: FarIndex, helper: Helper) {
    this.#connection = connection;
    this.#place = place;
    this.#index = index;
    this.#helper = helper;
  }

  /** Nothing where it is not there, either. Never rejects. @param path relative to the project */
  read(path: string, reading: FarReading): Promise<FarInput | undefined> {
    return new Promise((resolve) => {
      if (this.#waiting.length === 0)
        setTimeout(() => {
          const wishes = this.#waiting;
          this.#waiting = [];
          void this.#readAll(wishes);
        }, GATHER_MS);
      this.#waiting.push({ path, reading, resolve });
    });
  }

  async #readAll(wishes: readonly Wish[]): Promise<void> {
    const paths = [...new Set(wishes.map(({ path }) => path))];
    const [first] = wishes;
    if (first === undefined) return;
    // They are of one run, which is cancelled as a whole.
    const { signal } = first.reading;
    const say = (reason: string): void => wishes.forEach(({ reading }) => reading.say(reason));
    const answers = await this.#ask(paths, { signal, say });
    for (const { path, resolve } of wishes) resolve(answers.get(path));
  }

  async #ask(paths: readonly string[], reading: FarReading): Promise<ReadonlyMap<string, FarInput>> {
    const answers = new Map<string, FarInput>();
    const { login, root } = this.#place;
    const say = (one: string, why: string): void => {
      answers.set(one, { ok: false, reason: 'unreadable', message: `${one} on ${login}: ${why}` });
    };
    const lines = paths.map((one) => `put "$(look ${shellWord(`./${one}`)})"\n`);
    const ask = (): Promise<Ran> =>
      this.#connection.run(`cd ${shellWord(root)} || exit 1\n${LOOK}${lines.join('')}`);
    const ran = await patiently(ask, (one) => (one.ok ? undefined : troubleOf(one)), {
      waitMs: AGAIN_MS,
      isWanted: () => !reading.signal.aborted,
      told: (why) => reading.say(why),
    });
    if (!ran.ok || ran.code !== 0) {
      for (const one of paths) say(one, ran.ok ? ran.err.trim() : ran.message);
      return answers;
    }
    const looks = ran.out.split('\0');
    const unknown: string[] = [];
    for (const [at, one] of paths.entries()) {
      const look = looks[at] ?? '';
      const known = this.#index.of(one);
      if (look === 'absent') continue;
      if (look === 'special') say(one, 'is neither a file nor a folder');
      else if (look === 'unreadable' || look === '') say(one, "can't be read");
      else if (known?.look === look) answers.set(one, { ok: true, records: [known.record] });
      else unknown.push(one);
    }
    if (unknown.length === 0) return answers;
    const program = `${READ}${unknown.map((one, at) => `content ${at} ${shellWord(`./${one}`)}\n`).join('')}`;
    const hashed = await this.#helper(program, reading);
    if (reading.signal.aborted) {
      for (const one of unknown)
        answers.set(one, { ok: false, reason: 'unknown', message: 'the run was cancelled' });
      return answers;
    }
    if (!hashed.ok) {
      for (const one of unknown) say(one, hashed.message);
      return answers;
    }
    for (const [at, read] of parse(hashed.out.toString())) {
      const one = unknown[at];
      if (one === undefined) continue;
      if (read.problem !== undefined) say(one, read.problem);
      else if (read.before !== read.after) say(one, 'changed while it was read');
      else {
        const record = recordOf(one, read);
        answers.set(one, { ok: true, records: [record] });
        if (!read.racy) this.#index.put(one, { look: read.before, record });
      }
    }
    for (const one of unknown) if (!answers.has(one)) say(one, 'its content was not told');
    this.#index.save();
    return answers;
  }
}

interface ReadThere {
  before: string;
  after: string;
  racy: boolean;
  bytes: number;
  lines: ListingLine[];
  problem?: string;
}

/** What `content` has put, by number. */
function parse(text: string): ReadonlyMap<number, ReadThere> {
  const words = text.split('\0');
  const found = new Map<number, ReadThere>();
  let at = 0;
  const next = (): string => words[at++] ?? '';
  let read: ReadThere | undefined;
  while (at < words.length) {
    const kind = next();
    if (kind === 'P') {
      read = { before: '', after: ' ', racy: true, bytes: 0, lines: [] };
      found.set(Number(next()), read);
      read.before = next();
    } else if (read === undefined) continue;
    else if (kind === 'B') read.bytes = Number(next());
    else if (kind === 'X') read.problem = next();
    else if (kind === 'D') read.lines.push({ kind: 'folder', path: next() });
    else if (kind === 'F') {
      const line = next();
      // `<hex> *./<path>`
      read.lines.push({ kind: 'file', path: line.slice(68), hash: `sha256:${line.slice(0, 64)}` });
    } else if (kind === 'L') {
      const [name, target, led] = [next(), next(), next()];
      read.lines.push({ kind: 'link', path: name, target, ...(led === '' ? {} : { led: `sha256:${led}` }) });
    } else if (kind === 'E') {
      read.after = next();
      read.racy = next() !== '';
    }
  }
  return found;
}

function recordOf(file: string, { before, bytes, lines }: ReadThere): FileRecord {
  const [first] = lines;
  if (!before.startsWith('folder ') && first?.kind === 'file') return { path: file, hash: first.hash, bytes };
  const files = lines.filter(({ kind }) => kind === 'file').length;
  return { path: file, hash: hashOf(listingOfLines(lines)), bytes, files };
}
