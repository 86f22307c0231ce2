/** What of a project no output may take the place of. */
import path from 'node:path';
import { globOf } from '../../definition/text/glob.js';
import { isWithin } from '../../definition/text/paths.js';
import type { Workspace } from '../resolve/workspace.js';

/**
 * Outputs are replaced: what is kept in the project for others must not be in them.
 *
 * @param definition path of the pipeline's own file
 * @returns a sentence with the way out
 */
export function ownPathProblem(
  output: string,
  glob: boolean,
  definition: string,
  workspace: Workspace,
): string | undefined {
  const matches = glob ? globOf(output).matches : (one: string): boolean => isWithin(one, output);
  const own = ['.git', '.modelyard', 'modelyard.yaml', 'modelyard.yml', definition];
  const real = path.relative(workspace.realPath('.'), workspace.realPath(glob ? baseOf(output) : output));
  const held =
    output === '.'
      ? 'the whole project'
      : (own.find(matches) ??
        ['.git', '.modelyard'].find((folder) => isWithin(output, folder) || isWithin(real, folder)));
  return held === undefined
    ? undefined
    : `output "${output}" would replace ${isWithin(output, held) && held !== output ? `what is kept in ${held}` : held}: choose another path`;
}

function baseOf(glob: string): string {
  return globOf(glob).base || '.';
}
