/** Links on the paths of a pipeline, and on the files that its commands name. */
import { pathsOf, plainPath } from './paths.js';
import type { DocumentLink, IdeContext } from './types.js';

/** More than this are not looked for on the disk. */
const LIMIT = 2_000;

/** A link for each path that is there and is a file; folders can't be opened. */
export function documentLinks(context: IdeContext): DocumentLink[] {
  if (context.definition.kind !== 'pipeline') return [];
  const links: DocumentLink[] = [];
  const probes = new Map<string, boolean>();
  const isFile = (path: string): boolean => {
    let known = probes.get(path);
    if (known === undefined) probes.set(path, (known = context.project.probe(path) === 'file'));
    return known;
  };
  for (const { text } of pathsOf(context.definition.pipeline.tasks)) {
    const path = plainPath(text);
    if (path === undefined || (!probes.has(path) && probes.size >= LIMIT) || !isFile(path)) continue;
    const quoted = /^['"]/.test(context.definition.tree.text.charAt(text.span.start)) ? 1 : 0;
    links.push({
      span: { start: text.span.start + quoted, end: text.span.end - quoted },
      path,
      tooltip: `Open ${path}`,
    });
  }
  return links;
}
