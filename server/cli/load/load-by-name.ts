/** Pipelines that others call, by their names. */
import type { LoadedPipeline } from '../../runner/run-options.js';
import type { RunBasis } from '../../stores/runs/basis.js';
import { Arguments } from '../args.js';
import { loadBegun } from './begun.js';
import { loadPipeline } from './compiled.js';
import { locate } from './locate.js';
import { diagnosticLine, placeIn } from '../place.js';

/**
 * Another pipeline of the project, for a `pipeline` task.
 *
 * @param begun of a run that continues as it began: those that it has kept count
 */
export async function loadByName(root: string, name: string, begun?: RunBasis): Promise<LoadedPipeline> {
  const kept = begun?.pipelines[name];
  if (begun !== undefined && kept !== undefined) return loadBegun(begun, kept);
  let relative: string;
  try {
    ({ relative } = await locate(new Arguments([], { project: root }), name));
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
  const loaded = await loadPipeline(root, relative);
  if (!loaded.ok) {
    const [first] = loaded.diagnostics;
    return {
      ok: false,
      message: first === undefined ? loaded.message : `${loaded.message}: ${diagnosticLine(first)}`,
    };
  }
  const { pipeline, definitionHash } = loaded.compiled;
  return { ok: true, pipeline, definitionHash, texts: loaded.texts, place: placeIn(root, relative) };
}
