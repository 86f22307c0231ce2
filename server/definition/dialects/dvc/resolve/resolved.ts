/** The stages of a `dvc.yaml`, resolved once for all who ask. */
import type { FileText } from '../../../text/file-text.js';
import type { DvcDefinition } from '../../dialect.js';
import type { NamedText, ReadText, WrittenName } from '../../names.js';
import { namesBeside, namesIn } from '../names.js';
import { resolve } from './resolve.js';
import type { Resolved, Stage } from './resolve.js';

/** What follows from a value and from files, kept as long as both say the same. */
function rememberedBy<K extends object, V>(make: (of: K, read: ReadText) => V): (of: K, read: ReadText) => V {
  const known = new WeakMap<K, { readonly value: V; readonly read: ReadonlyMap<string, FileText> }>();
  return (of, ask) => {
    const before = known.get(of);
    if (before !== undefined && [...before.read].every(([path, text]) => same(ask(path), text)))
      return before.value;
    const read = new Map<string, FileText>();
    const value = make(of, (path) => {
      const text = ask(path);
      read.set(path, text);
      return text;
    });
    known.set(of, { value, read });
    return value;
  };
}

/** The same object as long as nothing changed that it rests on. */
export const resolvedBy = rememberedBy((definition: DvcDefinition, read): Resolved =>
  resolve(definition.tree, definition.path, read),
);

/** What the `dvc.yaml` itself names. */
export const ownNames = rememberedBy((definition: DvcDefinition, read): readonly WrittenName[] =>
  namesIn(definition, resolvedBy(definition, read), read),
);

/** What the files beside it name. */
export const namesBesideOf = rememberedBy((definition: DvcDefinition, read): readonly NamedText[] =>
  namesBeside(definition, resolvedBy(definition, read), read),
);

/** Where a stage runs, or the first of a group; relative to the project. */
export function folderOfStage(definition: DvcDefinition, read: ReadText, name: string): string | undefined {
  const isMeant = (stage: Stage): boolean => stage.name === name || stage.name.startsWith(`${name}@`);
  return resolvedBy(definition, read).stages.find(isMeant)?.work.folder;
}

function same(a: FileText, b: FileText): boolean {
  return a.kind === 'text' && b.kind === 'text' ? a.text === b.text : a.kind === b.kind;
}
