import type { DvcDefinition } from '../../definition/read/analyze.js';
import { clashesOf } from '../../definition/dialects/dvc/graph.js';
import type { StageOf } from '../../definition/dialects/dvc/graph.js';
import { trackedBy } from '../../definition/dialects/dvc/lock.js';
import { within } from '../../definition/dialects/dvc/paths.js';
import { folderOf, foldersOf } from '../../definition/text/paths.js';
import type { ProjectView, Rule } from '../rule.js';
import { isDvc, resolvedOf } from './resolved.js';

export const dvcGraph: Rule = {
  id: 'dvc/graph',
  severity: 'error',
  summary: 'Stages of DVC that write the same place, or wait for each other.',
  docs: `
The stages of all \`dvc.yaml\` of a DVC project make one graph. DVC refuses it as a whole when two of them write the same path, when
an output lies in another one, when an output holds a \`dvc.yaml\`, or when stages wait for each other in a cycle: then not even
\`dvc status\` works.

What a \`.dvc\` file tracks, \`data.dvc\` beside \`data\`, is an output of that file.

**How to fix it:** Let each stage write a place of its own, and take out the dependency that closes the cycle.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'dvc.yaml':
          'stages:\n  prepare:\n    cmd: python prepare.py\n    outs: [data/clean]\n  train:\n    cmd: python train.py\n    deps: [data/clean/a.csv]\n    outs: [model.bin]\n',
      },
    },
    // What lies in an output is data to DVC.
    {
      files: {
        'dvc.yaml': 'stages:\n  fetch:\n    cmd: git clone https://example.org/rain\n    outs: [rain]\n',
        'rain/dvc.yaml': 'stages:\n  train:\n    cmd: x\n    outs: [model.bin]\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'dvc.yaml':
          'stages:\n  prepare:\n    cmd: python prepare.py\n    outs: [«data»]\n  train:\n    cmd: python train.py\n    outs: [«data/model.bin»]\n',
      },
      messages: [
        'The output `data` of "prepare" holds `data/model.bin` of "train": DVC lets no output lie in another one.',
        'The output `data/model.bin` of "train" lies in `data` of "prepare": DVC lets no output lie in another one.',
      ],
    },
    {
      files: {
        'dvc.yaml':
          'stages:\n  «a»:\n    cmd: x\n    deps: [two]\n    outs: [one]\n  «b»:\n    cmd: y\n    deps: [one]\n    outs: [two]\n',
      },
      messages: [
        'Stages wait for each other in a cycle: a → b → a.',
        'Stages wait for each other in a cycle: a → b → a.',
      ],
    },
    {
      files: {
        'dvc.yaml': 'stages:\n  fetch:\n    cmd: x\n    outs: [«data/rain.csv»]\n',
        'data.dvc': 'outs:\n- md5: d751713988987e9331980363e24189ce.dir\n  hash: md5\n  path: data\n',
      },
      messages: ['The output `data/rain.csv` of "fetch" lies in `data`, which data.dvc tracks.'],
    },
  ],
  check(context) {
    const { definition, project } = context;
    if (!isDvc(definition)) return;
    const own = rootOf(definition, project);
    const files = project.definitions().filter((one) => isDvc(one) && rootOf(one, project) === own);
    const stages = files.flatMap((one): StageOf[] =>
      isDvc(one)
        ? resolvedOf(one, project).stages.map((stage) => ({
            stage,
            file: one.path,
            folder: folderOf(one.path),
          }))
        : [],
    );
    for (const { file, span, message, related } of clashesOf(stages)) {
      if (file === definition.path) context.report({ span, message, related: related ?? [] });
    }
    const tracked = trackers(project);
    for (const { stage } of stages.filter(({ file }) => file === definition.path))
      for (const { path, span } of stage.outs) {
        const found = path === undefined ? undefined : tracked(path);
        if (path === undefined || found === undefined) continue;
        const how = found.path === path ? 'is what' : `lies in \`${found.path}\`, which`;
        context.report({
          span,
          message: `The output \`${path}\` of "${stage.name}" ${how} ${found.file} tracks.`,
        });
      }
  },
};

/** Who tracks a path, or a folder that it lies in: the `.dvc` file beside that, as `dvc add` makes it. */
function trackers(
  project: ProjectView,
): (path: string) => { readonly path: string; readonly file: string } | undefined {
  const known = new Map<string, boolean>();
  const isTracked = (path: string): boolean => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const text = project.text?.(`${path}.dvc`);
    const items = text?.kind === 'text' ? trackedBy(text.text) : [];
    const found = typeof items !== 'string' && items.some((one) => within(folderOf(path), one.path) === path);
    known.set(path, found);
    return found;
  };
  return (path) => {
    const found = [path, ...foldersOf(path)].find(isTracked);
    return found === undefined ? undefined : { path: found, file: `${found}.dvc` };
  };
}

/** The folder of the DVC project that a file belongs to; `undefined`: none is known inside of this one. */
function rootOf({ path }: DvcDefinition, project: ProjectView): string | undefined {
  return [...foldersOf(path), ''].find(
    (folder) => project.probe(folder === '' ? '.dvc' : `${folder}/.dvc`) === 'folder',
  );
}
