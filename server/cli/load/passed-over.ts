/** Why a pipeline that somebody expects is not found. */
import path from 'node:path';
import { define } from '../../definition/read/analyze.js';
import { defaultName } from '../../definition/names/names.js';
import { detectKind } from '../../definition/detect/ours.js';
import { plural } from '../../base/format.js';
import { diskFiles } from '../../project/files.js';
import type { Project } from '../../project/project.js';
import { hiddenByGit } from '../../project/walk.js';

/** Files that have the name and are not the pipeline, and why: what is said after a search that found nothing. */
export function passedOver(project: Project, word: string | undefined): string {
  const [refused, ...others] = project
    .refused()
    .filter(({ as, path: file }) => as === 'pipeline' && (word === undefined || defaultName(file) === word));
  if (refused === undefined) return hidden(project, word);
  const more = others.length === 0 ? '' : ` (and ${plural(others.length, 'more file')} like it)`;
  return `; ${refused.path} is not taken as a Modelyard pipeline because of ${refused.because}${more}`;
}

/** A pipeline that is there and that git ignores, so that it is not looked at. */
function hidden(project: Project, word: string | undefined): string {
  for (const { path: file, by } of hiddenByGit(diskFiles, project.root)) {
    const read = diskFiles.readText(path.join(project.root, file));
    if (!read.ok || detectKind(file, read.text) !== 'pipeline') continue;
    const definition = define(read.text, file, 'pipeline');
    if (definition.kind !== 'pipeline' || (word !== undefined && definition.pipeline.name !== word)) continue;
    const relative = path.relative(project.root, by.file);
    const source = relative.startsWith('..') ? by.file : relative;
    return `; git ignores ${file}, and so does Modelyard: \`${by.pattern}\` in ${source}, line ${by.line}`;
  }
  return '';
}
