/** Go to definition, references and highlights. */
import type { Definition } from '../../definition/read/analyze.js';
import { isWithin } from '../../definition/text/paths.js';
import { mergeAt } from '../../syntax/anchors.js';
import { nodePathAt } from '../../syntax/text.js';
import { mentionAt, registrationsAt } from './model-places.js';
import {
  keyOf,
  type NamedFile,
  occurrenceAt,
  type Occurrence,
  occurrencesBeside,
  occurrencesOf,
  type Thing,
} from './occurrences.js';
import { pathUnder } from './paths.js';
import type { DefinitionTarget, Highlight, IdeContext, Location } from '../types.js';

/** Files in which a thing can be named: definitions, and what lies beside them. */
export function filesOf(thing: Thing, context: IdeContext): readonly NamedFile[] {
  const { project } = context;
  // The asking definition may be newer than what the project knows.
  const others = project.definitions().filter(({ path }) => path !== context.definition.path);
  const everything = [context.definition, ...others];
  const own =
    thing.file === undefined || thing.kind === 'param'
      ? everything
      : everything.filter(({ path }) => path === thing.file);
  const named = (definition: Definition): NamedFile => ({
    path: definition.path,
    tree: definition.tree,
    occurrences: occurrencesOf(definition, project),
  });
  return own.flatMap((definition) => [named(definition), ...occurrencesBeside(definition, project)]);
}

/** The occurrence under the cursor, in the definition or in the file beside it that is asked about. */
export function occurrenceUnder(context: IdeContext, offset: number): Occurrence | undefined {
  const { beside, definition, project } = context;
  if (beside === undefined) return occurrenceAt(definition, project, offset);
  return beside.occurrences.find(({ span }) => span.start <= offset && offset <= span.end);
}

export interface Found {
  readonly file: NamedFile;
  readonly found: Occurrence;
}

/**
 * All occurrences of a thing in the project, with the files they stand in, each place once. Where aliases or merges make
 * one text name several things (the output of a task and of its copy), they are one thing here: who changes the text
 * changes all of them.
 */
export function occurrencesOfThing(thing: Thing, context: IdeContext): Found[] {
  const all = filesOf(thing, context).flatMap((file) =>
    file.occurrences
      .filter((found) => found.thing.kind === thing.kind && found.thing.name === thing.name)
      .map((found) => ({ file, found, place: `${found.span.start} ${found.span.end} ${file.path}` })),
  );
  const things = new Set([keyOf(thing)]);
  const places = new Set<string>();
  for (let before = -1; before !== things.size + places.size;) {
    before = things.size + places.size;
    for (const { found, place } of all) {
      const key = keyOf(found.thing);
      if (!things.has(key) && !places.has(place)) continue;
      things.add(key);
      places.add(place);
    }
  }
  const once = new Map<string, Found>();
  for (const { file, found, place } of all) {
    if (!places.has(place)) continue;
    const known = once.get(place);
    if (known?.found.whole === undefined) once.set(place, { file, found });
  }
  return [...once.values()];
}

/** Where the name under the cursor is defined; for a path of the project that a task makes, the output; for a model the task that registers it. */
export function definitionsAt(context: IdeContext, offset: number): DefinitionTarget[] {
  if (context.beside === undefined && mentionAt(context, offset) !== undefined)
    return registrationsAt(context, offset);
  const merged = context.beside === undefined ? mergeAt(context.definition.tree, offset) : [];
  if (merged.length > 0) {
    return merged.flatMap(({ anchor, span }) =>
      anchor === undefined
        ? []
        : [{ path: context.definition.path, span: anchor.span, whole: anchor.span, origin: span }],
    );
  }
  const occurrence = occurrenceUnder(context, offset);
  if (occurrence === undefined) return pathDefinitions(context, offset);
  const { thing } = occurrence;
  const all = thing.kind === 'path' ? makersOf(thing, context) : occurrencesOfThing(thing, context);
  const targets = all.flatMap(({ file, found }) =>
    found.whole === undefined
      ? []
      : [{ path: file.path, span: found.span, whole: found.whole, origin: occurrence.span }],
  );
  if (targets.length > 0 || thing.kind !== 'pipeline') return targets;
  // Named by its file: there is no name in it to go to.
  return (context.project.pipelinesByName.get(thing.name) ?? []).map(({ path }) => {
    const start = { start: 0, end: 0 };
    return { path, span: start, whole: start, origin: occurrence.span };
  });
}

/** What makes a path, a folder around it, or something in it. */
export function makersOf(thing: Thing, context: IdeContext): Found[] {
  return filesOf(thing, context).flatMap((file) =>
    file.occurrences.flatMap((found): Found[] => {
      const { kind, name } = found.thing;
      const near = kind === 'path' && (isWithin(name, thing.name) || isWithin(thing.name, name));
      return near && found.whole !== undefined ? [{ file, found }] : [];
    }),
  );
}

function pathDefinitions(context: IdeContext, offset: number): DefinitionTarget[] {
  const under = pathUnder(context, offset);
  if (under === undefined) return [];
  return under.producers.map(({ span, whole }) => ({
    path: context.definition.path,
    span,
    whole,
    origin: under.span,
  }));
}

/** Every place that names what is under the cursor. */
export function referencesAt(context: IdeContext, offset: number, withDeclaration = true): Location[] {
  const occurrence = occurrenceUnder(context, offset);
  if (occurrence === undefined) return [];
  return occurrencesOfThing(occurrence.thing, context)
    .filter(({ found }) => withDeclaration || found.whole === undefined)
    .map(({ file, found }) => ({ path: file.path, span: found.span }));
}

/** The same in this file only. */
export function highlightsAt(context: IdeContext, offset: number): Highlight[] {
  const occurrence = occurrenceUnder(context, offset);
  if (occurrence === undefined) return pathHighlights(context, offset);
  const here = (context.beside ?? context.definition).path;
  return occurrencesOfThing(occurrence.thing, context)
    .filter(({ file }) => file.path === here)
    .map(({ found: { span, whole } }) => ({ span, kind: whole === undefined ? 'read' : 'write' }));
}

function pathHighlights(context: IdeContext, offset: number): Highlight[] {
  const under = pathUnder(context, offset);
  if (under === undefined || nodePathAt(context.definition.tree, offset).length === 0) return [];
  return [
    ...under.producers.map(({ span }) => ({ span, kind: 'write' as const })),
    ...under.readers.map((span) => ({ span, kind: 'read' as const })),
  ];
}
