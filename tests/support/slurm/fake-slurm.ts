/**
 * Commands of Slurm that run jobs as processes of this machine, for what a real cluster does only when it is unwell: it
 * answers late, forgets, loses its state, gives ids anew. `tests/slurm` holds the real one against the same contract.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const SBATCH = `#!/bin/bash
S=$(dirname "$0")/state
say() { echo "sbatch: error: Batch job submission failed: $1" >&2; exit 1; }
[ ! -e "$S/down" ] || say 'Unable to contact slurm controller (connect failure)'
rm "$S/lost" 2>/dev/null && say 'Socket timed out on send/recv operation'
rm "$S/crowded" 2>/dev/null && say 'Job violates accounting/QOS policy (job submit limit, user'"'"'s size and/or time limits)'
[ ! -e "$S/policy" ] || say 'Job violates accounting/QOS policy (job submit limit, user'"'"'s size and/or time limits)'
for word; do
  case $word in
    --job-name=*) name=\${word#*=} ;;
    --chdir=*) dir=\${word#*=} ;;
    --output=*) out=\${word#*=} ;;
    --array=*) array=\${word#*=} ;;
    --partition=nowhere) say 'invalid partition specified: nowhere' ;;
  esac
done
until mkdir "$S/lock" 2>/dev/null; do sleep 0.01; done
id=$(($(cat "$S/last") + 1)); echo $id > "$S/last"
rmdir "$S/lock"
cat > "$S/script.$id"
cd "$dir" || exit 1
export SLURMD_NODENAME=fake1
begin() {
  J=$S/jobs/$1; export FAKE_SLURM_JOB=$J
  mkdir "$J"; cp "$S/script.$id" "$J/script"; printf '%s\\n' "\${words[@]}" > "$J/options"; echo "$name" > "$J/name"; echo RUNNING > "$J/state"
  setsid bash -c 'echo $$ > "$1/pid"; bash "$1/script" > "$2" 2>&1
    code=$?; [ "$(cat "$1/state")" = RUNNING ] || exit; if [ $code = 0 ]; then echo COMPLETED; else echo FAILED; fi > "$1/state"' - "$J" "$2" </dev/null >/dev/null 2>&1 &
}
words=("$@")
if [ -z "$array" ]; then export SLURM_JOB_ID=$id; begin $id "$out"
else
  array=\${array%%%*}
  for range in \${array//,/ }; do
    for index in $(seq \${range%-*} \${range#*-}); do
      export SLURM_ARRAY_JOB_ID=$id SLURM_ARRAY_TASK_ID=$index SLURM_JOB_ID=$((id * 1000 + index))
      begin \${id}_$index "\${out//%a/$index}"
    done
  done
fi
rm "$S/unclear" 2>/dev/null && say 'Socket timed out on send/recv operation'
echo "$id;fake"
`;

const SQUEUE = `#!/bin/bash
S=$(dirname "$0")/state
echo . >> "$S/asked"
[ ! -e "$S/down" ] || { echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1; }
rm "$S/empty" 2>/dev/null && exit 0
for J in "$S"/jobs/*/; do
  [ -e "$J/name" ] || continue
  J=\${J%/}; echo "\${J##*/}|$(cat "$J/state")|$(cat "$J/reason" 2>/dev/null || echo None)|fake1|$(cat "$J/name")"
done
exit 0
`;

const SCANCEL = `#!/bin/bash
S=$(dirname "$0")/state
for word; do
  case $word in
    --name=*) J=$(dirname "$(grep -lx -- "\${word#*=}" "$S"/jobs/*/name 2>/dev/null | head -n 1)") ;;
    *) J=$S/jobs/$word ;;
  esac
  case $(cat "$J/state" 2>/dev/null) in RUNNING | PENDING) ;; *) continue ;; esac
  echo COMPLETING > "$J/state"
  for _ in 1 2 3 4 5; do [ -s "$J/pid" ] && break; sleep 0.1; done
  for signal in TERM KILL; do
    for file in $(grep -lsz "^FAKE_SLURM_JOB=$J$" /proc/[0-9]*/environ); do
      process=\${file#/proc/}; kill -$signal "\${process%/environ}"
    done 2>/dev/null
    sleep 0.2
  done
  echo CANCELLED > "$J/state"
done
exit 0
`;

/** Two partitions; the site keeps no accounts. */
const SINFO = `#!/bin/sh
printf '%s\\n' 'main*|2|4|4000|infinite|(null)|n/a' 'main*|1|8|8000|infinite|gpu:a100:2(S:0-1)|n/a' 'short|1|4|4000|30:00|(null)|10:00'
`;
const SACCT = '#!/bin/sh\nexit 1\n';

export class FakeSlurm {
  /** Absolute; to be the first of the PATH. */
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-fake-slurm-'));

  constructor() {
    mkdirSync(this.#state('jobs'), { recursive: true });
    writeFileSync(this.#state('last'), '0\n');
    const commands = { sbatch: SBATCH, squeue: SQUEUE, scancel: SCANCEL, sinfo: SINFO, sacct: SACCT };
    for (const [name, text] of Object.entries(commands)) {
      writeFileSync(path.join(this.folder, name), text);
      chmodSync(path.join(this.folder, name), 0o755);
    }
  }

  get path(): string {
    return `${this.folder}${path.delimiter}${process.env['PATH'] ?? ''}`;
  }

  /**
   * `down`: nobody answers until `mend`. Once: `lost`, the next submission comes to nothing; `unclear`, it is done and said
   * not to be; `crowded`, it is refused for now; `empty`, the next list lacks everything. `policy`: every submission is refused
   * by a limit, and it is not said by which.
   */
  break(how: 'down' | 'lost' | 'unclear' | 'crowded' | 'policy' | 'empty'): void {
    writeFileSync(this.#state(how), '');
  }

  mend(): void {
    rmSync(this.#state('down'), { force: true });
  }

  /** Ids of all that was submitted. */
  get ids(): readonly string[] {
    return readdirSync(this.#state('jobs'));
  }

  options(id: string): readonly string[] {
    return readFileSync(this.#state('jobs', id, 'options'), 'utf8')
      .trim()
      .split('\n');
  }

  setState(id: string, state: string, reason?: string): void {
    if (reason !== undefined) writeFileSync(this.#state('jobs', id, 'reason'), reason);
    writeFileSync(this.#state('jobs', id, 'state'), `${state}\n`);
  }

  /** Ends a job as the cluster would, at once. */
  endAs(id: string, state: string): void {
    this.setState(id, state);
    this.#kill(id);
  }

  /** One that has begun and not ended. */
  get running(): string | undefined {
    const hasBegun = (id: string): boolean =>
      existsSync(this.#state('jobs', id, 'pid')) &&
      readFileSync(this.#state('jobs', id, 'pid'), 'utf8').endsWith('\n');
    return this.ids.find((id) => this.state(id) === 'RUNNING' && hasBegun(id));
  }

  /** Empty while it is being submitted. */
  state(id: string): string {
    const file = this.#state('jobs', id, 'state');
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  }

  /** The id means a job of somebody else now. */
  reuse(id: string): void {
    writeFileSync(this.#state('jobs', id, 'name'), 'of-somebody-else\n');
  }

  /** Nothing is known of the job any more. */
  forget(id: string): void {
    rmSync(this.#state('jobs', id, 'name'), { force: true });
  }

  /** How often the queue was asked for. */
  get asked(): number {
    return existsSync(this.#state('asked')) ? readFileSync(this.#state('asked'), 'utf8').length / 2 : 0;
  }

  end(): void {
    for (const id of this.ids) this.#kill(id);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Whatever the job has started, known by its environment: the number of one that has ended may be another's by now. */
  #kill(id: string): void {
    const mark = `FAKE_SLURM_JOB=${this.#state('jobs', id)}`;
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
        if (environment.includes(mark)) process.kill(Number(name), 'SIGKILL');
      } catch {
        // Ended by itself.
      }
    }
  }

  #state(...names: readonly string[]): string {
    return path.join(this.folder, 'state', ...names);
  }
}
