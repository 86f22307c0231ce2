/** From the arguments of `run` and `plan` to a pipeline with its params: everything that can be wrong before a run. */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { setOwn } from '../../base/set-own.js';
import type { Json } from '../../definition/definition.js';
import { similar } from '../../definition/names/names.js';
import { resolveParams } from '../../runner/resolve/params.js';
import { findResumable } from '../../runner/record/resume.js';
import type { RunOptions } from '../../runner/run-options.js';
import { type BasisFlags, type BasisSelection, type RunBasis, readBasis } from '../../stores/runs/basis.js';
import type { RunDocument, RunStatus } from '../../stores/runs/document.js';
import { RunStore } from '../../stores/runs/runs.js';
import { Arguments, type Flags, UsageError, wholeNumber } from '../args.js';
import { changeWords, loadBegun } from './begun.js';
import { CommandError, startFolder } from '../command.js';
import { loadPipeline } from './compiled.js';
import type { Compiled, Texts } from './loaded.js';
import { type Place, locate, projectRoot } from './locate.js';
import { EXIT, stderr } from '../output.js';
import { placeIn, printDiagnostics } from '../place.js';

export const SELECTION_FLAGS: Flags = {
  only: {
    type: 'string',
    multiple: true,
    value: 'T[,T]',
    help: 'These tasks and no others, whatever they depend on.',
  },
  from: { type: 'string', value: 'T', help: 'This task and everything that depends on it.' },
  to: { type: 'string', value: 'T', help: 'This task and everything that it depends on.' },
  param: {
    type: 'string',
    multiple: true,
    short: 'p',
    value: 'K=V',
    help: 'The value of a param. May be repeated.',
  },
  force: { type: 'boolean', short: 'f', help: 'Run tasks even if they are up to date.' },
  'no-cache': { type: 'boolean', help: 'Neither restore from the cache nor store into it.' },
};

/** Of `dvc repro`, for stages of a `dvc.yaml`. */
export const STAGE_FLAGS: Flags = {
  'single-item': {
    type: 'boolean',
    short: 's',
    help: 'Of a dvc.yaml, with --to: that stage alone, as --only.',
  },
  downstream: {
    type: 'boolean',
    help: 'Of a dvc.yaml, with --to: that stage and what depends on it, as --from.',
  },
  pipeline: {
    type: 'boolean',
    help: 'Of a dvc.yaml, with --to: all stages that are connected with that one.',
  },
  'all-pipelines': { type: 'boolean', short: 'P', help: 'The stages of all dvc.yaml of the project.' },
  glob: { type: 'boolean', help: "Of a dvc.yaml: names are patterns, as in --to 'train@u*'." },
  'no-run-cache': {
    type: 'boolean',
    help: "Of a dvc.yaml: run stages even if DVC's run cache knows what they come to.",
  },
  'no-commit': { type: 'boolean', help: "Of a dvc.yaml: put no outputs into DVC's cache." },
  'allow-missing': {
    type: 'boolean',
    help: 'Of a dvc.yaml: do not run a stage, nor bring its data back, only because data is missing.',
  },
};

interface Loaded {
  readonly compiled: Compiled;
  readonly texts: Texts;
}

/** How a run that is resumed is made: as `run` takes it beside the flags that every run has. */
export const RESUME_FLAGS: Flags = {
  resume: {
    type: 'string',
    optional: /^\d{8}-\d{6}-/,
    value: '[RUN]',
    help: 'Continue RUN, or the newest run, if it did not succeed, with its tasks, params and flags.',
  },
  'as-begun': {
    type: 'boolean',
    help: 'With --resume: the definition as it was when the run began, whatever the files say now.',
  },
  'as-now': {
    type: 'boolean',
    help: 'With --resume: the definition as its files are now. Not for a run that waits.',
  },
};

export interface Prepared extends Place, Loaded {
  readonly features?: RunOptions['features'];
  /** Lines and columns of places in the definition. */
  readonly place: RunOptions['place'];
  readonly params: Readonly<Record<string, Json>>;
  readonly selection: BasisSelection;
  readonly flags: BasisFlags;
  /** The run that is resumed, and what it was when it began. */
  readonly resume?: RunDocument;
  readonly basis?: RunBasis;
  readonly notices?: readonly string[];
  /** What leads out where a run that is resumed can't be tried again as the files are now. */
  readonly wayOut?: string;
}

/** Finds, reads and checks the pipeline. Findings that stand in the way are printed. */
export async function loadFor(args: Arguments): Promise<Place & Loaded> {
  return loadAt(await locate(args, args.positionals[0]), selectionFor(args));
}

async function loadAt(place: Place, { from, whole, all }: BasisSelection): Promise<Place & Loaded> {
  // What comes after a stage may stand in another file.
  const everything = all === true || (from ?? whole) !== undefined;
  const loaded = await loadPipeline(place.root, place.relative, everything);
  if (!loaded.ok) {
    printDiagnostics(stderr, loaded.diagnostics);
    throw new CommandError(loaded.message, EXIT.usage, loaded.diagnostics);
  }
  return { ...place, compiled: loaded.compiled, texts: loaded.texts };
}

/** A pipeline that is run for the first time. */
export function prepare(args: Arguments, loaded: Place & Loaded): Prepared {
  const stages = stageFlags(args, loaded.compiled.pipeline);
  return {
    ...loaded,
    place: placeIn(loaded.root, loaded.relative),
    params: resolvedParams(loaded.compiled.pipeline, givenParams(args)),
    selection: selectionFor(args),
    flags: {
      force: args.flag('force'),
      noCache: args.flag('no-cache'),
      keepGoing: args.flag('keep-going'),
      ...jobsOf(args),
      ...stages,
    },
  };
}

/** Which tasks are asked for, under our names and those of `dvc repro`. */
function selectionFor(args: Arguments): BasisSelection {
  const only = args.list('only');
  const [from, to] = [args.text('from'), args.text('to')];
  const given = ['single-item', 'downstream', 'pipeline'].filter((name) => args.flag(name));
  const [how, other] = given;
  if (other !== undefined) throw new UsageError(`--${how ?? ''} and --${other} exclude each other`);
  const more = {
    ...(args.flag('all-pipelines') ? { all: true } : {}),
    ...(args.flag('glob') ? { glob: true } : {}),
  };
  if (more.glob === true && (to ?? from ?? only[0]) === undefined)
    throw new UsageError('--glob says that names are patterns: name stages with --to, --from or --only');
  if (how === undefined) return { ...(only.length === 0 ? {} : { only }), ...defined({ from, to }), ...more };
  if (to === undefined || from !== undefined || only.length > 0)
    throw new UsageError(
      `--${how} says what --to means: name the stage with --to, and leave out --from and --only`,
    );
  if (how === 'single-item') return { only: [to], ...more };
  return how === 'downstream' ? { from: to, ...more } : { whole: to, ...more };
}

/** @throws UsageError where they are given and there are no stages of DVC */
function stageFlags(
  args: Arguments,
  { tasks }: Compiled['pipeline'],
): Pick<BasisFlags, 'noRunCache' | 'noCommit' | 'allowMissing'> {
  const given = Object.keys(STAGE_FLAGS).find((name) => args.flag(name));
  if (given !== undefined && tasks.every(({ stage }) => stage === undefined))
    throw new UsageError(`--${given} is for the stages of a dvc.yaml`);
  return {
    ...(args.flag('no-run-cache') ? { noRunCache: true } : {}),
    ...(args.flag('no-commit') ? { noCommit: true } : {}),
    ...(args.flag('allow-missing') ? { allowMissing: true } : {}),
  };
}

/** What `run` and `plan` were asked for: a pipeline as its file says, or a run that is to be resumed. */
export async function prepareFor(args: Arguments): Promise<Prepared> {
  return args.text('resume') === undefined ? prepare(args, await loadFor(args)) : prepareResumed(args);
}

function jobsOf(args: Arguments): { readonly jobs?: number } {
  const jobs = args.text('jobs');
  return jobs === undefined ? {} : { jobs: wholeNumber('jobs', jobs, 1) };
}

function givenParams(args: Arguments): Record<string, Json> {
  const given: Record<string, Json> = {};
  for (const text of args.texts('param')) {
    const at = text.indexOf('=');
    if (at <= 0) throw new UsageError(`--param takes NAME=VALUE, not "${text}"`);
    setOwn(given, text.slice(0, at), text.slice(at + 1));
  }
  return given;
}

function resolvedParams(
  pipeline: Compiled['pipeline'],
  given: Readonly<Record<string, Json>>,
): Readonly<Record<string, Json>> {
  const params = resolveParams(pipeline, given, similar);
  if (!params.ok) throw new CommandError(params.problems.join('\nmodelyard: '), EXIT.usage);
  return params.values;
}

/** Flags that the run that is resumed has brought with it, and what they are called in the message. */
const KEPT_FLAGS: Readonly<Record<string, string>> = {
  param: 'params',
  only: 'tasks',
  from: 'tasks',
  to: 'tasks',
  force: 'flags',
  'no-cache': 'flags',
  'single-item': 'tasks',
  downstream: 'tasks',
  pipeline: 'tasks',
  'all-pipelines': 'tasks',
  glob: 'tasks',
  'no-run-cache': 'flags',
  'no-commit': 'flags',
  'allow-missing': 'flags',
};

async function prepareResumed(args: Arguments): Promise<Prepared> {
  for (const [name, what] of Object.entries(KEPT_FLAGS)) {
    if (!args.flag(name) && args.texts(name).length === 0) continue;
    throw new UsageError(`--resume continues with the ${what} of the run it resumes; leave out --${name}`);
  }
  const { root, run } = await runToResume(args);
  const store = RunStore.open(root);
  const basis = readBasis(store.folder(run.id));
  const begun = basis !== undefined && asBegun(args, run);
  const selected =
    run.status === 'waiting' ? { only: run.tasks.map(({ id }) => id) } : (basis?.selection ?? {});
  const own = { root, relative: run.path, resume: run, selection: selected };
  const flags = { force: false, noCache: false, keepGoing: false, ...basis?.flags };
  const more = {
    flags: { ...flags, keepGoing: flags.keepGoing || args.flag('keep-going'), ...jobsOf(args) },
    ...defined({ basis }),
  };
  const notices = basis === undefined ? [] : await changeNotices(root, run, basis, begun);
  if (begun) {
    const loaded = await loadBegun(basis);
    if (!loaded.ok) throw new CommandError(`run ${run.id} can't be resumed: ${loaded.message}`, EXIT.usage);
    const { pipeline, definitionHash, cache, trash, places, texts, features, place } = loaded;
    const compiled = { pipeline, definitionHash, cache, trash, places };
    return {
      ...own,
      ...more,
      compiled,
      texts,
      ...defined({ features }),
      place,
      params: resolvedParams(pipeline, basis.params),
      notices,
    };
  }
  const wayOut = notices.length === 0 ? undefined : wayAsBegun(run);
  try {
    const loaded = await loadAt({ root, relative: run.path }, selected);
    const { pipeline } = loaded.compiled;
    return {
      ...loaded,
      ...own,
      ...more,
      place: placeIn(root, run.path),
      params: resolvedParams(pipeline, knownParams(run, pipeline)),
      notices,
      ...defined({ wayOut }),
    };
  } catch (error) {
    if (wayOut === undefined || !(error instanceof CommandError)) throw error;
    throw new CommandError(`${error.message}\n${wayOut}`, error.exitCode, error.findings);
  }
}

/** Why a run is refused, and what leads out. */
export function withWayOut(message: string, { wayOut }: Prepared): string {
  return wayOut === undefined ? message : `${message}\n${wayOut}`;
}

function wayAsBegun({ id, pipeline }: RunDocument): string {
  return `Run ${id} began with other files. To continue as it began: modelyard run ${pipeline} --resume ${id} --as-begun`;
}

/**
 * A run that waits or was cut off continues as it began. One that failed or was cancelled is tried again by a new run,
 * mostly because its definition was mended.
 */
function asBegun(args: Arguments, run: RunDocument): boolean {
  const [begun, now] = [args.flag('as-begun'), args.flag('as-now')];
  // DVC's memory says what is done, and it knows the files as they are.
  if (path.basename(run.path) === 'dvc.yaml') return false;
  if (begun && now) throw new UsageError('--as-begun and --as-now exclude each other');
  if (now && run.status === 'waiting') {
    throw new UsageError(
      `run ${run.id} waits, and continues as it began; leave out --as-now, or end it with \`modelyard runs cancel ${run.id}\` and begin a new one with \`modelyard run ${run.pipeline}\``,
    );
  }
  return begun || (!now && (run.status === 'waiting' || run.status === 'interrupted'));
}

/** What to say where files say something else than when the run began. */
async function changeNotices(
  root: string,
  run: RunDocument,
  basis: RunBasis,
  begun: boolean,
): Promise<readonly string[]> {
  const words = await changeWords(root, basis);
  if (words === undefined) return [];
  const other =
    run.status === 'waiting' ? `a new run: modelyard run ${run.pipeline}` : 'as the files are now: --as-now';
  const ways = begun
    ? `It continues as it began; ${other}`
    : 'This run uses the files as they are now; as it began: --as-begun';
  return [
    `changed since run ${run.id} began: ${words}. ${ways}; the difference: modelyard runs diff ${run.id}`,
  ];
}

/** Params that the definition has lost since are no obstacle. */
function knownParams(resume: RunDocument, pipeline: Compiled['pipeline']): Record<string, Json> {
  const names = new Set(pipeline.params.map((param) => param.name));
  return Object.fromEntries(Object.entries(resume.params).filter(([name]) => names.has(name)));
}

/** The run that `--resume` means. Its definition need not be there any more. */
async function runToResume(args: Arguments): Promise<{ readonly root: string; readonly run: RunDocument }> {
  const id = args.text('resume') ?? '';
  const [word] = args.positionals;
  const { root, name } =
    id === '' ? await pipelineFor(args, word) : { root: projectRoot(args), name: undefined };
  const found = findResumable(RunStore.open(root), name, id === '' ? undefined : id);
  if (!found.ok) throw new CommandError(found.message, EXIT.usage);
  const { run } = found;
  if (word !== undefined && name === undefined && word !== run.pipeline) {
    const file = path
      .relative(root, path.resolve(startFolder(args), word))
      .split(path.sep)
      .join('/');
    if (file !== run.path)
      throw new CommandError(
        `run ${run.id} is one of ${run.pipeline}, not of ${word}: leave out ${word}`,
        EXIT.usage,
      );
  }
  return { root, run };
}

/** The name of a pipeline whose newest run is meant; its file may be gone or broken. */
async function pipelineFor(
  args: Arguments,
  word: string | undefined,
): Promise<{ readonly root: string; readonly name: string }> {
  try {
    const place = await locate(args, word);
    const loaded = await loadPipeline(place.root, place.relative);
    if (loaded.ok) return { root: place.root, name: loaded.compiled.pipeline.name };
    const known = RunStore.open(place.root)
      .list({ limit: RECENT_RUNS, source: 'pipeline' })
      .find((run) => run.path === place.relative);
    if (known !== undefined) return { root: place.root, name: known.pipeline };
    throw new CommandError(loaded.message, EXIT.usage);
  } catch (error) {
    const root = projectRoot(args);
    const known =
      word === undefined ? [] : RunStore.open(root).list({ limit: 1, pipeline: word, source: 'pipeline' });
    if (word === undefined || known.length === 0) throw error;
    return { root, name: word };
  }
}

/** Among so many of the newest runs one is looked for by the path of its definition. */
const RECENT_RUNS = 200;

/** A run that waited continues in another process already, or has ended there. */
export class TakenError extends CommandError {}

/**
 * A run that waits, to be continued now; throws a `TakenError` where somebody else was faster.
 *
 * @param statuses that it may have
 */
export async function prepareWaiting(
  args: Arguments,
  id: string,
  statuses: readonly RunStatus[] = ['waiting'],
): Promise<Prepared> {
  const project = args.text('project');
  const own = new Arguments([], { resume: id, ...defined({ project }) });
  const store = RunStore.open(projectRoot(own));
  const taken = (): TakenError | undefined => {
    const read = store.read(id);
    if (!read.ok || (statuses.includes(read.run.status) && !store.hasRunner(read.run))) return undefined;
    return new TakenError(`run ${id} does not wait any more: it is ${read.run.status}`, EXIT.failed);
  };
  const before = taken();
  if (before !== undefined) throw before;
  try {
    return await prepareFor(own);
  } catch (error) {
    // Somebody else may have been faster while the definition was read.
    throw taken() ?? error;
  }
}
