/** Definitions as a run was begun with them, and the word about what has changed since. */
import { hashOf } from '../../stores/content/hash.js';
import { runSettings } from '../../runner/resolve/places.js';
import type { LoadedPipeline } from '../../runner/run-options.js';
import type { RunBasis } from '../../stores/runs/basis.js';
import type { Compiled, Texts } from './loaded.js';
import { placeInText } from '../place.js';

export type BegunPipeline =
  | (Extract<LoadedPipeline, { ok: true }> & Pick<Compiled, 'cache' | 'trash' | 'places'>)
  | Extract<LoadedPipeline, { ok: false }>;

/** @param relative absent: the run's own definition; else one of those that it calls */
export async function loadBegun(basis: RunBasis, relative: string = basis.path): Promise<BegunPipeline> {
  const text = basis.files[relative];
  if (text === undefined) return { ok: false, message: `the run did not keep the text of ${relative}` };
  const { pipelineFrom } = await import('../../project/texts.js');
  const read = pipelineFrom(basis.files, relative);
  if (!read.ok) return read;
  const { pipeline, settings, features } = read;
  const { cache, trash } = settings;
  return {
    ok: true,
    pipeline,
    definitionHash: hashOf(text),
    texts: textsOf(basis, relative),
    features,
    place: placeInText(text, relative),
    cache,
    trash,
    places: runSettings(settings),
  };
}

/** What a called pipeline is read from is its own text and the settings; whatever else the caller kept is the caller's. */
function textsOf({ files, pipelines, path }: RunBasis, relative: string): Texts {
  const others = new Set([path, ...Object.values(pipelines)].filter((one) => one !== relative));
  return Object.fromEntries(Object.entries(files).filter(([name]) => !others.has(name)));
}

/** `p.pipeline.yaml (new: scan; changed: ship)`, for each file that says something else now. */
export async function changeWords(root: string, basis: RunBasis): Promise<string | undefined> {
  const { changesSince } = await import('../../project/texts.js');
  const changes = changesSince(root, basis.files);
  return changes.length === 0 ? undefined : changes.map(({ path, words }) => `${path} (${words})`).join(', ');
}
