/**
 * What a job runs: it claims the attempt, so that one that was submitted twice works once; sets up; runs the task's commands;
 * and says how they ended in a file that appears by one rename.
 */
import { JOB_VARIABLE, type JobEnvironment } from '../executor.js';
import { quoteWord } from '../../../model/shell.js';
import type { Shell } from '../../../model/shells.js';
import { isSlurmVariable } from './client.js';

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

/** Carries a variable that Slurm's commands would take for theirs. */
const CARRIER = 'MODELYARD_CARRIED_';

export interface ScriptParts {
  /** Absolute. */
  readonly folder: string;
  readonly cwd: string;
  readonly setup: readonly string[];
  readonly shell: Shell;
  /** The words after the shell's program. */
  readonly args: readonly string[];
  /** Names of the variables of the task. */
  readonly variables: readonly string[];
  /** Names of those that the job inherits and that are not for it. */
  readonly unset: readonly string[];
  /** What has to be there before. Absolute: marks of jobs that have succeeded, and files that they have made. */
  readonly after: { readonly marks: readonly string[]; readonly files: readonly string[] };
}

/** The variables that `sbatch` is given, which a job inherits from it. */
export function submitEnvironment(name: string, { inherited, own }: JobEnvironment): Record<string, string> {
  // From the first process on, by which those are told that may outlive the runner.
  const env: Record<string, string> = { [JOB_VARIABLE]: name };
  for (const [name, value] of Object.entries(inherited)) if (!isSlurmVariable(name)) env[name] = value;
  for (const [name, value] of Object.entries(own)) {
    env[isSlurmVariable(name) ? `${CARRIER}${name}` : name] = value;
  }
  return env;
}

/** How long a file system may take until what another node has written is seen, in s. */
const SEEN_S = 30;

export function jobScript(parts: ScriptParts): string {
  const { folder, cwd, setup, shell, args, variables, unset, after } = parts;
  const quote = quoteWord;
  const carried = variables.filter(isSlurmVariable);
  return `#!/bin/bash
# Made by Modelyard.
folder=${quote(folder)}
[ -d "$folder" ] || exit 66
mkdir "$folder/${FILES.claim}" 2>/dev/null || exit 0
exec >"$folder/${FILES.out}" 2>"$folder/${FILES.err}" </dev/null
say() { printf '%s\\n' "$2" >"$folder/$1.new" && mv -f "$folder/$1.new" "$folder/$1"; }
peak() {
  local rest path
  while IFS=: read -r _ rest path; do
    case $rest in
      memory) cat "/sys/fs/cgroup/memory$path/memory.max_usage_in_bytes" && return ;;
      '') cat "/sys/fs/cgroup$path/memory.peak" && return ;;
    esac
  done </proc/self/cgroup
} 2>/dev/null
end() {
  local used
  used=$(times | tail -n 1)
  say ${FILES.done} "{\\"exit\\":$1,\${2-}\\"cpu\\":\\"$used\\",\\"peak\\":\\"$(peak)\\"}"
  exit "$1"
}
say ${FILES.started} "$SLURM_JOB_ID \${SLURMD_NODENAME:-$(uname -n)}"
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
}${unset.length === 0 ? '' : `unset ${unset.join(' ')}\n`}${carried.map((one) => `export ${one}="$${CARRIER}${one}"; unset ${CARRIER}${one}\n`).join('')}export MODELYARD_METRICS="$folder/${FILES.metrics}"
cd -- ${quote(cwd)} || end 1
${setup.map((command) => `${command}\n[ $? -eq 0 ] || { echo ${quote(`the setup failed: ${command}`)} >&2; end 1; }\n`).join('')}shell=
for one in ${shell.programs.map(quote).join(' ')}; do shell=$(command -v -- "$one") && break; done
[ -n "$shell" ] || { echo ${quote(`the shell "${shell.programs[0] ?? shell.written}" is not installed on this node`)} >&2; end 127; }
set -m
child=
relay() { [ -z "$child" ] || kill -s "$1" -- "-$child" 2>/dev/null; }
trap 'relay TERM' TERM
trap 'relay USR1' USR1
trap 'relay USR2' USR2
"$shell" ${args.map(quote).join(' ')} &
child=$!
while kill -0 "$child" 2>/dev/null; do wait "$child"; done
wait "$child"
end $?
`;
}
