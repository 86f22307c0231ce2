import { didYouMean, similar } from '../../model/names.js';
import { renames } from '../edits.js';
import { isGlob } from '../../model/paths.js';
import { folderOf, normalizePath } from '../paths.js';
import type { Rule, RuleContext } from '../rule.js';
import { mentionsOf, type PathMention } from './mentions.js';
import { isMissing } from './missing.js';
import { outputIndex } from './output-index.js';

/** Looking for what may have been meant compares with every output; past so many findings it helps nobody. */
const MAX_SEARCHES = 20;

export const missingInput: Rule = {
  id: 'path/missing-input',
  severity: 'warning',
  summary: 'An input that is not there and that no task makes.',
  docs: `
The task reads a file or folder that does not exist, and that no task of any pipeline of the project writes. The run would
fail at this task, or worse, the command would go on without it. Paths are relative to the project, wherever the
pipeline's file lies and whatever \`working-directory\` says.

A glob is reported when it matches no file and no task writes anything where it looks. Nothing is said about paths with
expressions in them, nor about places where a task writes to a path that is only known at run time.

It is a warning and no error, because data is often fetched after the code.

**To mend it**, correct the path, fetch the file, or name it as an output of the task that makes it.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  split:\n    run: ./split.sh\n    inputs: [split.sh, raw/*.csv]\n    outputs: { data: data/ }\n  train:\n    run: ./train.sh\n    inputs: [data/split.csv]\n    outputs: { model: models/rain.json }\n',
      disk: ['split.sh', 'raw/2024.csv'],
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  split:\n    run: ./split.sh\n    inputs: [split.sh]\n    outputs: { data: data/split.csv }\n  train:\n    run: ./train.sh\n    inputs: [«data/spilt.csv»]\n    outputs: { model: models/rain.json }\n',
      disk: ['split.sh'],
      messages: ['"data/spilt.csv" is not there, and no task makes it. Did you mean "data/split.csv"?'],
      fixed:
        'tasks:\n  split:\n    run: ./split.sh\n    inputs: [split.sh]\n    outputs: { data: data/split.csv }\n  train:\n    run: ./train.sh\n    inputs: [data/split.csv]\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'tasks:\n  train:\n    run: python3 train.py\n    working-directory: src\n    inputs: [«train.py»]\n    outputs: { model: models/rain.json }\n',
      disk: ['src/train.py'],
      messages: [
        '"train.py" is not there, and no task makes it. Paths are relative to the project: did you mean "src/train.py"?',
      ],
      fixed:
        'tasks:\n  train:\n    run: python3 train.py\n    working-directory: src\n    inputs: [src/train.py]\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    inputs: [«raw/*.parquet»]\n    outputs: { model: models/rain.json }\n',
      disk: ['raw/2024.csv'],
      messages: ['"raw/*.parquet" matches no file, and no task makes one.'],
    },
  ],
  check(context) {
    const { pipeline } = context;
    if (pipeline === undefined) return;
    let searches = 0;
    for (const mention of mentionsOf(pipeline)) {
      const { text, role } = mention;
      if ((role !== 'input' && role !== 'data') || text.template !== undefined) continue;
      const glob = role === 'input' && isGlob(text.text);
      if (!isMissing(context, text.text, glob)) continue;
      const { candidates, hint } =
        glob || searches++ >= MAX_SEARCHES ? { candidates: [], hint: '' } : suggestions(context, mention);
      context.report({
        span: text.span,
        message: glob
          ? `"${text.text}" matches no file, and no task makes one.`
          : `"${text.text}" is not there, and no task makes it.${hint}`,
        fixes: renames(context, text.span, candidates),
      });
    }
  },
};

/** The same path from the folder where the command runs or where the pipeline lies, or else an output with such a name. */
function suggestions(
  context: RuleContext,
  mention: PathMention,
): { candidates: readonly string[]; hint: string } {
  const { text, task } = mention;
  const bases = [task.workingDirectory?.text, folderOf(context.definition.path)];
  for (const base of bases) {
    const moved = base === undefined ? undefined : normalizePath(`${base}/${text.text}`);
    if (moved === undefined || moved === text.text) continue;
    const found = context.project.probe(moved);
    if (found === 'file' || found === 'folder')
      return { candidates: [moved], hint: ` Paths are relative to the project: did you mean "${moved}"?` };
  }
  const outputs = context.pipeline === undefined ? [] : outputIndex(context.pipeline).paths;
  const candidates = similar(text.text, outputs);
  return { candidates, hint: didYouMean(candidates) };
}
