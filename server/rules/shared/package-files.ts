/** Which files of the project go into an app package, as far as its include and exclude say. */
import type { PackageAction, TemplateText } from '../../definition/definition.js';
import { compileGlob } from '../../definition/text/glob.js';
import { isGlob } from '../../definition/text/paths.js';
import { isWithin, normalizePath } from './paths.js';

/** Whether a normalised path is one that is named: by a glob, as a file, or by a folder it lies in. `undefined`: unknown. */
export function isNamed(texts: readonly TemplateText[], path: string): boolean | undefined {
  let known = true;
  for (const { text, template } of texts) {
    if (template !== undefined) {
      known = false;
      continue;
    }
    const given = text.trim();
    if (isGlob(given)) {
      const compiled = compileGlob(normalizePath(given) ?? given);
      if (!compiled.ok) known = false;
      else if (compiled.glob.matches(path)) return true;
    } else {
      const folder = normalizePath(given);
      if (folder === undefined) known = false;
      else if (isWithin(path, folder)) return true;
    }
  }
  return known ? false : undefined;
}

/** Whether a path goes into the package, if there is such a file. */
export function isPacked(action: PackageAction, path: string): boolean | undefined {
  const { requirements } = action;
  if (requirements !== undefined && requirements.template === undefined) {
    if (normalizePath(requirements.text.trim()) === path) return true;
  }
  const included = isNamed(action.include, path);
  if (included !== true) return included;
  const excluded = isNamed(action.exclude, path);
  return excluded === undefined ? undefined : !excluded;
}
