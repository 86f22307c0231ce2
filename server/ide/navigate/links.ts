/** Links on the paths of a pipeline and on the sources of feature views. */
import type { Definition } from '../../definition/read/analyze.js';
import type { TemplateText } from '../../definition/definition.js';
import { modelMentions } from '../../definition/mentions/models.js';
import { versionMeant } from './model-places.js';
import { occurrencesOf } from './occurrences.js';
import { pathsOf, plainPath } from './paths.js';
import type { DocumentLink, IdeContext } from '../types.js';

/** More than this are not looked for on the disk. */
const LIMIT = 2_000;

/** A link for each path that is there and is a file; folders can't be opened. */
export function documentLinks(context: IdeContext): DocumentLink[] {
  const { definition } = context;
  const links: DocumentLink[] = [];
  const probes = new Map<string, boolean>();
  const isFile = (path: string): boolean => {
    let known = probes.get(path);
    if (known === undefined) probes.set(path, (known = context.project.probe(path) === 'file'));
    return known;
  };
  for (const text of textsOf(definition)) {
    const path = plainPath(text);
    if (path === undefined || (!probes.has(path) && probes.size >= LIMIT) || !isFile(path)) continue;
    const quoted = /^['"]/.test(definition.tree.text.charAt(text.span.start)) ? 1 : 0;
    links.push({
      span: { start: text.span.start + quoted, end: text.span.end - quoted },
      path,
      tooltip: `Open ${path}`,
    });
  }
  for (const { thing, span } of occurrencesOf(definition, context.project)) {
    const { kind, name: path } = thing;
    if (kind !== 'path' || (!probes.has(path) && probes.size >= LIMIT) || !isFile(path)) continue;
    links.push({ span, path, tooltip: `Open ${path}` });
  }
  return [...links, ...versionLinks(context)];
}

/** Fields that name a version; in an expression the jump to the definition has to do. */
function versionLinks(context: IdeContext): DocumentLink[] {
  if (context.definition.kind !== 'pipeline') return [];
  return modelMentions(context.definition).flatMap((mention): DocumentLink[] => {
    if (mention.members !== undefined || mention.role === 'sets') return [];
    const meant = versionMeant(context, mention);
    if (meant === undefined) return [];
    const version = { model: meant.model.name, version: meant.version.version };
    return [{ span: mention.span, version, tooltip: `Show version ${version.version} of ${version.model}` }];
  });
}

/** The paths of tasks, and those of sources; a glob is no path. */
function textsOf(definition: Definition): TemplateText[] {
  if (definition.kind === 'pipeline') {
    const files = definition.pipeline.paramFiles ?? [];
    return [
      ...files.map(({ value, span }) => ({ text: value, span })),
      ...pathsOf(definition.pipeline.tasks).map(({ text }) => text),
    ];
  }
  if (definition.kind !== 'features') return [];
  return definition.features.views.flatMap(({ source }) =>
    source?.path === undefined ? [] : [{ text: source.path.value, span: source.path.span }],
  );
}
