/** Whether a path that a definition names leads to nothing that is there or will be. */
import { globBase, normalizePath } from '../paths.js';
import type { RuleContext } from '../rule.js';
import { mayMake, outputIndex, projectOutputs } from './output-index.js';

/** Certainly not there, and made by no task of the project. */
export function isMissing(context: RuleContext, text: string, glob: boolean): boolean {
  const { pipeline, project } = context;
  const path = normalizePath(glob ? globBase(text) : text);
  if (path === undefined || (!glob && path === '')) return false;
  if (pipeline !== undefined) {
    const index = outputIndex(pipeline);
    if (glob && path === '' ? index.paths.size > 0 : mayMake(index, path)) return false;
  }
  const missing = glob ? project.matches?.(text) === false : project.probe(path) === 'missing';
  return missing && (path === '' || !mayMake(projectOutputs(project), path));
}
