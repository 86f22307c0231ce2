/** A stage of DVC as it is run: plain values, its templates filled. */

/** A path as it is written, which `dvc.lock` keeps, and where that is. */
export interface StageFile {
  readonly path: string;
  /** Relative to the project. */
  readonly file: string;
}

export interface StageOutput extends StageFile {
  /** `false`: it is git's, and DVC keeps its hash alone. */
  readonly cache: boolean;
  readonly persist: boolean;
  readonly role: 'out' | 'metric' | 'plot';
}

export interface StageParams extends StageFile {
  /** Empty: all that the file holds. */
  readonly keys: readonly string[];
}

export interface StageSpec {
  /** In its file: `train@us`. */
  readonly name: string;
  /** The `dvc.yaml`, relative to the project. */
  readonly definition: string;
  /** As DVC has it: a text with line breaks is a command a line. */
  readonly cmd: string | readonly string[];
  readonly deps: readonly StageFile[];
  readonly params: readonly StageParams[];
  readonly outs: readonly StageOutput[];
  readonly frozen: boolean;
  readonly alwaysChanged: boolean;
}

/** Why a stage runs that `dvc.lock` does not know. */
export const NEVER_RUN = 'never run';

/** Whether DVC runs it each time. */
export function runsEachTime({ deps, params, outs, alwaysChanged }: StageSpec): boolean {
  return alwaysChanged || (deps.length === 0 && params.length === 0 && outs.length === 0);
}

/** Where `str.splitlines` of Python cuts a text. */
const BREAKS = new Set('\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029');

/** The commands, each of which has a shell of its own. */
export function commandsOf({ cmd }: Pick<StageSpec, 'cmd'>): readonly string[] {
  if (typeof cmd !== 'string') return cmd;
  const lines = [''];
  for (const char of cmd.replaceAll('\r\n', '\n')) {
    if (BREAKS.has(char)) lines.push('');
    else lines.push(`${lines.pop() ?? ''}${char}`);
  }
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
