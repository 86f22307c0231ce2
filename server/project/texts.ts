/** Definitions from texts that were kept, and how they differ from what the files say now. */
import path from 'node:path';
import { type FeaturesDefinition, define } from '../definition/read/analyze.js';
import { paramsDefinition, withParamFiles } from '../definition/params/files.js';
import type { Pipeline, ProjectSettings } from '../definition/definition.js';
import { definitionChanges, describeChanges } from '../definition/definition-changes.js';
import { detectKind } from '../definition/detect/ours.js';
import { NO_SETTINGS } from '../definition/read/read-project.js';
import { type FileSystem, diskFiles } from './files.js';

/** Text by path, relative to the project. */
export type Texts = Readonly<Record<string, string>>;

export type FromTexts =
  | {
      readonly ok: true;
      readonly pipeline: Pipeline;
      readonly settings: Pick<
        ProjectSettings,
        | 'cache'
        | 'trash'
        | 'environments'
        | 'targets'
        | 'shell'
        | 'python'
        | 'secrets'
        | 'local'
        | 'executors'
        | 'executor'
      >;
      readonly features: readonly FeaturesDefinition[];
    }
  | { readonly ok: false; readonly message: string };

/** A pipeline and what goes with it, from texts alone: nothing is looked up on the disk, and nothing checked again. */
export function pipelineFrom(texts: Texts, relative: string): FromTexts {
  const definitions = Object.entries(texts).flatMap(([name, text]) => {
    // Whoever kept it took this one as a pipeline. Among the others may be files of other tools, and pipelines that it calls.
    const kind = name === relative ? 'pipeline' : detectKind(name, text);
    const wanted = name === relative || kind === 'features' || kind === 'project';
    return wanted && kind !== undefined ? [define(text, name, kind)] : [];
  });
  const found = definitions.find((one) => one.path === relative);
  if (found?.kind !== 'pipeline') return { ok: false, message: `${relative} is not a pipeline` };
  const completed = withParamFiles(found, (name) => {
    const text = texts[name];
    if (text === undefined) return { ok: false, why: 'was not kept by the run.' };
    return { ok: true, tree: paramsDefinition(text, name).tree };
  });
  const wrong = completed.problems.find(({ code }) => code === 'param-file');
  if (wrong !== undefined) return { ok: false, message: wrong.message };
  const settings = definitions.flatMap((one) => (one.kind === 'project' ? [one.settings] : []))[0];
  return {
    ok: true,
    pipeline: completed.pipeline,
    settings: settings ?? NO_SETTINGS,
    features: definitions.flatMap((one) => (one.kind === 'features' ? [one] : [])),
  };
}

export interface TextChange {
  /** Relative to the project. */
  readonly path: string;
  /** `new: scan; changed: ship`, `deleted`. */
  readonly words: string;
  readonly before: string;
  /** Absent: the file is gone. */
  readonly now?: string;
}

/** Files that say something else than a text that was kept; a change of their layout alone is none. */
export function changesSince(
  root: string,
  texts: Texts,
  files: FileSystem = diskFiles,
): readonly TextChange[] {
  return Object.entries(texts).flatMap(([relative, before]): TextChange[] => {
    const read = files.readText(path.join(root, ...relative.split('/')));
    if (!read.ok) return [{ path: relative, words: 'deleted', before }];
    if (read.text === before) return [];
    const words = wordsFor(relative, before, read.text);
    return words === undefined ? [] : [{ path: relative, words, before, now: read.text }];
  });
}

function wordsFor(relative: string, before: string, now: string): string | undefined {
  const [old, fresh] = [before, now].map((text) =>
    define(text, relative, detectKind(relative, text) ?? 'pipeline'),
  );
  if (old?.kind !== 'pipeline' || fresh?.kind !== 'pipeline') return 'changed';
  // Files of params: nobody's definition.
  if (old.pipeline.tasks.length + fresh.pipeline.tasks.length === 0) return 'changed';
  const changes = definitionChanges(old.pipeline, fresh.pipeline);
  return changes === undefined ? undefined : describeChanges(changes);
}
