import { memo } from '../../base/memo.js';
import { LockFile } from '../../definition/dialects/dvc/lock.js';
import { treeAt } from '../../definition/dialects/dvc/resolve/sources.js';
import { entryOf } from '../../syntax/text.js';
import type { SyntaxTree } from '../../syntax/tree.js';
import type { Rule } from '../rule.js';
import { isDvc, reportResolved } from './resolved.js';

export const dvcStage: Rule = {
  id: 'dvc/stage',
  severity: 'error',
  summary: 'A stage of a `dvc.yaml` that DVC refuses once its templates are filled.',
  docs: `
Some of what DVC wants can only be told of the values: \`foreach\` needs a list or a map, an axis of a \`matrix\` a list, a path a
text. Besides, a file of DVC’s own (\`dvc.yaml\`, \`*.dvc\`) is neither a dependency nor an output, and a name with an \`@\` is taken
for a part of a group.

A \`dvc.lock\` beside it that can’t be read, after a merge for one, stops all stages of the file.

**How to fix it:** As the message says.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'dvc.yaml':
          'stages:\n  train:\n    foreach: ${regions}\n    do:\n      cmd: python train.py ${item}\n',
        'params.yaml': 'regions: [us, uk]\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'dvc.yaml':
          'stages:\n  train:\n    foreach: «${regions}»\n    do:\n      cmd: python train.py ${item}\n',
        'params.yaml': 'regions: us\n',
      },
      messages: ['`foreach` needs a list or a map; this is a str.'],
    },
    {
      files: { 'dvc.yaml': 'stages:\n  train:\n    cmd: python train.py\n    deps:«\t»[data.csv]\n' },
      messages: ['DVC reads no tab here: write spaces, or put it in quotes.'],
    },
    {
      files: {
        'dvc.yaml': '«stages»:\n  train:\n    cmd: python train.py\n',
        'dvc.lock': "<<<<<<< HEAD\nschema: '2.0'\n",
      },
      messages: ['DVC can’t read dvc.lock: it is no YAML. Mend it, or take it from git.'],
    },
    {
      files: { 'dvc.yaml': 'stages:\n  train:\n    cmd: python train.py\n    deps: [«data.csv.dvc»]\n' },
      messages: ['The path data.csv.dvc is a file of DVC’s own and can’t be a dependency.'],
    },
  ],
  check(context) {
    reportResolved(context, 'stage');
    const { definition, project } = context;
    const first = isDvc(definition) ? entryOf(definition.tree.root, 'stages')?.key : undefined;
    const lock = definition.path.replace(/\.yaml$/, '.lock');
    if (first === undefined) return;
    const tree = treeAt(lock, (path) => project.text?.(path) ?? { kind: 'unknown' });
    const read = tree === undefined ? undefined : readLock(tree);
    if (read === undefined || read.ok) return;
    const message = `DVC can’t read ${lock}: ${read.problem}. Mend it, or take it from git.`;
    context.report({ span: first.span, message });
  },
};

/** Locks are long, and most stay as they are while somebody types. */
const readLock = memo((tree: SyntaxTree) => LockFile.ofTree(tree));
