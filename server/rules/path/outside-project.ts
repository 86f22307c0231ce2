import { folderOf, isGlob } from '../../definition/text/paths.js';
import { globBase, isAbsolute, literalPrefix, normalizePath } from '../shared/paths.js';
import type { Probe, Rule } from '../rule.js';
import { mentionsIn, type PathRole } from './mentions.js';

/** Keys that take globs. */
const GLOB_ROLES: ReadonlySet<PathRole> = new Set(['input', 'source', 'pattern']);

export const outsideProject: Rule = {
  id: 'path/outside-project',
  severity: 'error',
  summary: 'A path that leaves the project: absolute, above it by `..`, or through a link.',
  docs: `
Every path in a definition stays inside of the project, after links are followed. What lies outside is not there on
another machine, so a result that was made from it can't be had again; and an output there would let a pipeline that
someone sends you write anywhere.

A link inside of the project that leads out of it is reported where a path goes through it.

**How to fix it:** Bring the file into the project, or let a task fetch it and name the copy as its output.
`,
  good: [
    {
      files: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: ./models/../models/rain.json }\n',
    },
  ],
  bad: [
    {
      files: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: «/srv/models/rain.json» }\n',
      messages: ['"/srv/models/rain.json" is absolute. Write a path that is relative to the project.'],
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    inputs: [«../data/labels.csv»]\n    outputs: { model: models/rain.json }\n',
      messages: [
        '"../data/labels.csv" leaves the project. Paths are relative to the project and stay inside of it.',
      ],
    },
    {
      files:
        "tasks:\n  pack:\n    package:\n      name: rain\n      include: [«'../app/**'»]\n      entrypoint: ./serve\n      requirements: «/srv/requirements.txt»\n",
      messages: [
        '"../app/**" leaves the project. Paths are relative to the project and stay inside of it.',
        '"/srv/requirements.txt" is absolute. Write a path that is relative to the project.',
      ],
    },
    {
      files: {
        'weather.features.yaml':
          'entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n    source: { path: «../weather/*.csv», timestamp: observed_at }\n    features: { rain: double }\n',
      },
      messages: [
        '"../weather/*.csv" leaves the project. Paths are relative to the project and stay inside of it.',
      ],
    },
  ],
  check(context) {
    const { project } = context;
    const probes = new Map<string, Probe>();
    const probe = (path: string): Probe => {
      let found = probes.get(path);
      if (found === undefined) {
        found = project.probe(path);
        probes.set(path, found);
      }
      return found;
    };
    for (const { text, role } of mentionsIn(context.definition)) {
      const known = literalPrefix(text);
      const { span } = text;
      if (isAbsolute(known)) {
        context.report({
          span,
          message: `"${text.text}" is absolute. Write a path that is relative to the project.`,
        });
        continue;
      }
      // An expression may go on with the last name of what is known, so only the folders before it count.
      const path = normalizePath(text.template === undefined ? known : folderOf(known));
      if (path === undefined) {
        context.report({
          span,
          message: `"${text.text}" leaves the project. Paths are relative to the project and stay inside of it.`,
        });
        continue;
      }
      const probed = GLOB_ROLES.has(role) && isGlob(path) ? globBase(path) : path;
      // What lies in a folder that isn't there can't be a link.
      const folder = folderOf(probed);
      const above = folder === '' ? 'folder' : probe(folder);
      const found = above === 'folder' && probed !== '' ? probe(probed) : above;
      if (found === 'outside')
        context.report({ span, message: `"${text.text}" leaves the project through a link.` });
    }
  },
};
