/** Whether a path that a definition names leads to nothing that is there or will be. */
import { globOf } from '../../definition/text/glob.js';
import { globBase, normalizePath } from '../shared/paths.js';
import type { RuleContext } from '../rule.js';
import { type OutputIndex, mayMake, mayMakeMatching, outputIndex, projectOutputs } from './output-index.js';

/** Certainly not there, and made by no task of the project. */
export function isMissing(context: RuleContext, text: string, glob: boolean): boolean {
  const { pipeline, project } = context;
  const path = normalizePath(glob ? globBase(text) : text);
  if (path === undefined || (!glob && path === '')) return false;
  const isMade = (index: OutputIndex): boolean =>
    path === '' ? mayMakeMatching(index, globOf(text)) : mayMake(index, path);
  if (pipeline !== undefined && isMade(outputIndex(pipeline))) return false;
  const pattern = normalizePath(text);
  const missing = glob ? project.matches?.(pattern ?? text) === false : project.probe(path) === 'missing';
  return missing && !isMade(projectOutputs(project));
}
