/**
 * What a job runs: it claims the attempt, so that one that was submitted twice works once; sets up; runs the task's commands;
 * and says how they ended in a file that appears by one rename.
 */
import { JOB_VARIABLE } from '../../executor.js';
import { quoteWord } from '../../../../definition/shell/shell.js';
import type { Shell } from '../../../../definition/shell/shells.js';
import { CARRIER, type Own } from '../environment.js';

/** Names of files in a job's folder. */
export const FILES = {
  script: 'job.sh',
  claim: 'claim',
  started: 'started',
  cancel: 'cancel',
  done: 'done.json',
  out: 'out',
  err: 'err',
  metrics: 'metrics.ndjson',
} as const;

export interface ScriptParts {
  /** Unique. */
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  readonly cwd: string;
  readonly setup: readonly string[];
  readonly shell: Shell;
  /** The words after the shell's program. */
  readonly args: readonly string[];
  /** Where the variables of the task are that the job does not simply inherit. */
  readonly own: Own;
  /** Folders where programs are looked for before those of the node. */
  readonly path?: string;
  /** What has to be there before. Absolute: marks of jobs that have succeeded, and files that they have made. */
  readonly after: { readonly marks: readonly string[]; readonly files: readonly string[] };
  /** It does not have its job for itself: what Slurm does for a whole job it does for its own processes. */
  readonly shared?: { readonly graceMs: number; readonly timeMs?: number };
}

/** How long a file system may take until what another node has written is seen, in s. */
const SEEN_S = 30;

export function jobScript(parts: ScriptParts): string {
  const { name, folder, cwd, setup, shell, args, own, after, shared } = parts;
  const quote = quoteWord;
  return `#!/bin/bash
# Made by Modelyard.
folder=${quote(folder)}
[ -d "$folder" ] || exit 66
mkdir "$folder/${FILES.claim}" 2>/dev/null || exit 0
exec >"$folder/${FILES.out}" 2>"$folder/${FILES.err}" </dev/null
id=\${SLURM_ARRAY_JOB_ID:+\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
say() { printf '%s\\n' "$2" >"$folder/$1.new" && mv -f "$folder/$1.new" "$folder/$1"; }
memory() {
  local rest path
  while IFS=: read -r _ rest path; do
    case $rest in
      memory) cat "/sys/fs/cgroup/memory$path/$1" && return ;;
      '') cat "/sys/fs/cgroup$path/$2" && return ;;
    esac
  done </proc/self/cgroup
} 2>/dev/null
peak() { memory memory.max_usage_in_bytes memory.peak; }
end() {
  local used
  used=$(times | tail -n 1)
  say ${FILES.done} "{\\"exit\\":$1,\${2-}\\"cpu\\":\\"$used\\",\\"peak\\":\\"$(peak)\\"}"
  exit "$1"
}
${shared === undefined ? '' : SHARED_BEFORE}say ${FILES.started} "\${id:-$SLURM_JOB_ID} \${SLURMD_NODENAME:-$(uname -n)}"
[ ! -e "$folder/${FILES.cancel}" ] || end 143
${
  after.marks.length === 0
    ? ''
    : `# Slurm takes a job that failed and was forgotten for one that succeeded.
seen() {
  local mark file
  for mark in ${after.marks.map(quote).join(' ')}; do grep -qs '"exit":0,' "$mark" || return 1; done
  for file in ${after.files.map(quote).join(' ')}; do [ -e "$file" ] || return 1; done
}
for ((i = 0; i < ${SEEN_S}; i++)); do seen && break; sleep 1; done
seen || end 1 '"unready":true,'
`
}${own.unset.length === 0 ? '' : `unset ${own.unset.join(' ')}\n`}${Object.entries(own.carried)
    .map(([one, carrier]) => `export ${one}="$${carrier}"\n`)
    .join('')}unset "\${!${CARRIER}@}"
${Object.entries({ ...own.written, [JOB_VARIABLE]: name })
  .map(([one, value]) => `export ${one}=${quote(value)}\n`)
  .join('')}export MODELYARD_METRICS="$folder/${FILES.metrics}"
${parts.path === undefined ? '' : `export PATH=${quote(parts.path)}:"$PATH"\n`}cd -- ${quote(cwd)} || end 1
${setup.map((command) => `${command}\n[ $? -eq 0 ] || { echo ${quote(`the setup failed: ${command}`)} >&2; end 1; }\n`).join('')}shell=
for one in ${shell.programs.map(quote).join(' ')}; do shell=$(command -v -- "$one") && break; done
[ -n "$shell" ] || { echo ${quote(`the shell "${shell.programs[0] ?? shell.written}" is not installed on this node`)} >&2; end 127; }
set -m
child=
relay() { [ -z "$child" ] || kill -s "$1" -- "-$child" 2>/dev/null; }
ended=
trap 'ended=1; relay TERM' TERM
trap 'relay USR1' USR1
trap 'relay USR2' USR2
"$shell" ${args.map(quote).join(' ')} &
child=$!
${shared === undefined ? '' : guard(shared)}while kill -0 "$child" 2>/dev/null; do wait "$child"; done
wait "$child"
${shared === undefined ? 'end $?' : SHARED_END}
`;
}

/** What is counted for a job as a whole is a task's own where it rises during the task. */
const SHARED_BEFORE = `kills() { memory memory.oom_control memory.events | grep '^oom_kill '; }
kills=$(kills)
before=$(peak)
peak() {
  local now
  now=$(memory memory.max_usage_in_bytes memory.peak)
  [ "$now" = "$before" ] || echo "$now"
}
`;

/** A file system need not see at once that a file has appeared, unless the folder is read. */
function guard({ graceMs, timeMs }: NonNullable<ScriptParts['shared']>): string {
  const late =
    timeMs === undefined
      ? ''
      : `    [ $((SECONDS - began)) -lt ${Math.ceil(timeMs / 1_000)} ] || { : >"$folder/late"; break; }\n`;
  return `began=$SECONDS
{
  while sleep 1; do
    # Nobody is left to be guarded.
    kill -0 $$ && [ -d "$folder" ] || exit
    ls "$folder" | grep -qx ${FILES.cancel} && break
${late}  done
  kill -s TERM -- "-$child"
  sleep ${Math.ceil(graceMs / 1_000)}
  kill -s KILL -- "-$child"
} 2>/dev/null &
guard=$!
disown "$guard"
`;
}

/** What Slurm would end with the job would otherwise live beside the tasks that follow. */
const SHARED_END = `code=$?
kill -s KILL -- "-$guard" 2>/dev/null
why=
[ -z "$ended" ] || why='"ended":true,'
[ ! -e "$folder/late" ] || why='"late":true,'
[ "$(kills)" = "$kills" ] || why='"oom":true,'
for rest in $(grep -lszxF "${JOB_VARIABLE}=$${JOB_VARIABLE}" /proc/[0-9]*/environ); do
  rest=\${rest#/proc/}
  kill -s KILL "\${rest%/environ}"
done 2>/dev/null
end "$code" "$why"`;

/** One element of an array, or a job that tasks share. */
export interface ArrayParts {
  /** Absolute; where the folders of the jobs lie, by their names. */
  readonly base: string;
  /** Names of the jobs, which are done one after the other, by the element's number. */
  readonly elements: ReadonlyMap<number, readonly string[]>;
}

/** Does the jobs whose scripts lie in their folders. A folder that is gone is that of a job that was cancelled. */
export function arrayScript({ base, elements }: ArrayParts): string {
  const isShared = [...elements.values()].some((names) => names.length > 1);
  const [only] = elements.values();
  const choose =
    elements.size === 1 && only !== undefined
      ? `set -- ${only.map(quoteWord).join(' ')}\n`
      : `case $SLURM_ARRAY_TASK_ID in\n${[...elements]
          .map(([index, names]) => `  ${index}) set -- ${names.map(quoteWord).join(' ')} ;;\n`)
          .join('')}  *) exit 66 ;;\nesac\n`;
  const head = `#!/bin/bash\n# Made by Modelyard.\nbase=${quoteWord(base)}\n${choose}`;
  if (!isShared) return `${head}exec /bin/bash "$base/$1/${FILES.script}"\n`;
  // Whether a task has failed its mark says; the job has failed only when it was ended.
  return `${head}ended=
child=
relay() { [ -z "$child" ] || kill -s "$1" "$child" 2>/dev/null; }
trap 'ended=1; relay TERM' TERM
trap 'relay USR1' USR1
trap 'relay USR2' USR2
for name; do
  [ -e "$base/$name/${FILES.script}" ] || continue
  /bin/bash "$base/$name/${FILES.script}" &
  child=$!
  while kill -0 "$child" 2>/dev/null; do wait "$child"; done
  child=
  [ -z "$ended" ] || exit 143
done
`;
}
