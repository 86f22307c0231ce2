/** From the arguments of `run` and `plan` to a pipeline with its params: everything that can be wrong before a run. */
import type { Json } from '../model/definition.js';
import { similar } from '../model/names.js';
import { resolveParams } from '../runner/params.js';
import { findResumable } from '../runner/resume.js';
import type { RunDocument } from '../stores/run-document.js';
import { RunStore } from '../stores/runs.js';
import { type Arguments, type Flags, UsageError } from './args.js';
import { CommandError } from './command.js';
import { loadPipeline } from './compiled.js';
import type { Compiled } from './loaded.js';
import { type Place, locate } from './locate.js';
import { EXIT, stderr } from './output.js';
import { printDiagnostics } from './place.js';

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

export interface Prepared extends Place {
  readonly compiled: Compiled;
  readonly params: Readonly<Record<string, Json>>;
  readonly selection: { only?: readonly string[]; from?: string; to?: string };
}

/** Finds, reads and checks the pipeline. Findings that stand in the way are printed. */
export async function loadFor(args: Arguments): Promise<Place & { readonly compiled: Compiled }> {
  const place = await locate(args, args.positionals[0]);
  const loaded = await loadPipeline(place.root, place.relative);
  if (!loaded.ok) {
    printDiagnostics(stderr, loaded.diagnostics);
    throw new CommandError(loaded.message, EXIT.usage);
  }
  return { ...place, compiled: loaded.compiled };
}

/** @param resume its params are taken over */
export function prepare(
  args: Arguments,
  loaded: Place & { readonly compiled: Compiled },
  resume?: RunDocument,
): Prepared {
  const given = givenParams(args);
  if (resume !== undefined && Object.keys(given).length > 0) {
    throw new UsageError('--resume goes on with the params of the run it resumes; leave out --param');
  }
  const { pipeline } = loaded.compiled;
  const params = resolveParams(
    pipeline,
    resume === undefined ? given : knownParams(resume, pipeline),
    similar,
  );
  if (!params.ok) throw new CommandError(params.problems.join('\nmodelyard: '), EXIT.usage);
  const only = args.list('only');
  const [from, to] = [args.text('from'), args.text('to')];
  return {
    ...loaded,
    params: params.values,
    selection: {
      ...(only.length === 0 ? {} : { only }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    },
  };
}

function givenParams(args: Arguments): Record<string, Json> {
  const given: Record<string, Json> = {};
  for (const text of args.texts('param')) {
    const at = text.indexOf('=');
    if (at <= 0) throw new UsageError(`--param takes NAME=VALUE, not "${text}"`);
    given[text.slice(0, at)] = text.slice(at + 1);
  }
  return given;
}

/** Params that the definition has lost since are no obstacle to going on. */
function knownParams(resume: RunDocument, pipeline: Compiled['pipeline']): Record<string, Json> {
  const names = new Set(pipeline.params.map((param) => param.name));
  return Object.fromEntries(Object.entries(resume.params).filter(([name]) => names.has(name)));
}

/** The id after `--resume`, `true` when there is none, nothing without the flag. */
function resumeOf(args: Arguments): string | true | undefined {
  const text = args.text('resume');
  return text === '' ? true : text;
}

/** The run that `--resume` means. */
export function resumed(args: Arguments, root: string, pipeline: string): RunDocument | undefined {
  const which = resumeOf(args);
  if (which === undefined) return undefined;
  const found = findResumable(RunStore.open(root), pipeline, which === true ? undefined : which);
  if (!found.ok) throw new CommandError(found.message, EXIT.usage);
  return found.run;
}
