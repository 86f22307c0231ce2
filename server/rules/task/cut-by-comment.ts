import { schemaAt, type SchemaInfo } from '../../definition/schema/info.js';
import { nodePathAt, type PathStep } from '../../syntax/text.js';
import type { ScalarNode } from '../../syntax/tree.js';
import { replacement } from '../shared/edits.js';
import type { Rule } from '../rule.js';

export const cutByComment: Rule = {
  id: 'task/cut-by-comment',
  severity: 'hint',
  summary: 'A value ends before a `#` that may be meant as text.',
  docs: `
For YAML a \`#\` behind a space begins a comment, also in the middle of a command: of \`run: ./plot --color #fff\` the task runs
\`./plot --color\`. The same holds for every value that can be any text: variables, params, cells of a matrix, paths, expressions,
descriptions, rules of a monitor, transforms. Only a \`#\` right before a word is meant here; a comment with a space behind its \`#\` is one.

**How to fix it:** Put the whole value in quotes, or a space behind the \`#\` of what is a comment.
`,
  good: [
    { files: { 'dvc.yaml': 'stages:\n  train:\n    cmd: python train.py #--fast\n' } },
    { files: "tasks:\n  plot:\n    run: './plot --color #fff'\n    cache: false\n" },
    { files: 'tasks:\n  plot:\n    run: ./plot # in color\n    cache: false #nothing\n' },
    { files: 'tasks:\n  plot:\n    run: |\n      ./plot #fff\n    cache: false\n' },
  ],
  bad: [
    {
      files:
        'params:\n  color: red «#fff»\ntasks:\n  plot:\n    matrix:\n      tint:\n        - blue «#00f»\n    inputs:\n      - data/plot «#1.csv»\n    run: ./plot ${{ params.color }} ${{ matrix.tint }} # in color\n    timeout: 30m #long\n    cache: false\n',
      disk: ['data/plot'],
      messages: ['#fff', '#00f', '#1.csv'].map(
        (cut) => `YAML takes \`${cut}\` for a comment: it is not part of the value. Put the value in quotes.`,
      ),
    },
    {
      files: {
        'rain.features.yaml':
          'entities:\n  station:\n    keys: [id]\n    description: see «#12»\nviews: {}\n',
      },
      messages: ['YAML takes `#12` for a comment: it is not part of the value. Put the value in quotes.'],
      also: ['feature/unused'],
    },
    {
      files: 'tasks:\n  plot:\n    run: ./plot --color «#fff»\n    cache: false\n',
      messages: ['YAML takes `#fff` for a comment: it is not part of the value. Put the value in quotes.'],
      fixed: "tasks:\n  plot:\n    run: './plot --color #fff'\n    cache: false\n",
    },
    {
      files:
        "tasks:\n  plot:\n    env: { DPI: 3 }\n    run:\n      - echo it's\n      - ./plot it's «#1 #2»\n    cache: false\n",
      messages: ['YAML takes `#1 #2` for a comment: it is not part of the value. Put the value in quotes.'],
      fixed:
        "tasks:\n  plot:\n    env: { DPI: 3 }\n    run:\n      - echo it's\n      - './plot it''s #1 #2'\n    cache: false\n",
    },
    {
      files: 'env:\n  TITLE: Rain «#3»\ntasks:\n  plot: { run: ./plot, cache: false }\n',
      messages: ['YAML takes `#3` for a comment: it is not part of the value. Put the value in quotes.'],
      fixed: "env:\n  TITLE: 'Rain #3'\ntasks:\n  plot: { run: ./plot, cache: false }\n",
    },
  ],
  check(context) {
    const { tree, kind } = context.definition;
    const { text } = tree;
    // What DVC accepts is silent.
    if (kind === 'dvc') return;
    for (const { span, text: words } of tree.comments) {
      if (!/^#[^\s#!]/.test(words)) continue;
      const end = text.slice(0, span.start).trimEnd().length;
      const steps = nodePathAt(tree, end);
      const value = scalarOf(steps.at(-1));
      if (value?.style !== 'plain' || value.span.end !== end || typeof value.value !== 'string') continue;
      if (!mayHoldAny(schemaAt(kind, keysOf(steps)), value.text)) continue;
      const whole = { start: value.span.start, end: span.start + words.trimEnd().length };
      const quoted = `'${text.slice(whole.start, whole.end).replaceAll("'", "''")}'`;
      context.report({
        span: { start: span.start, end: whole.end },
        message: `YAML takes \`${words.trimEnd()}\` for a comment: it is not part of the value. Put the value in quotes.`,
        fixes: [replacement(context, 'Put the value in quotes', whole, quoted)],
      });
    }
  },
};

/** A value or an item, not a key. */
function scalarOf(step: PathStep | undefined): ScalarNode | undefined {
  const node = step?.kind === 'item' ? step.node : step?.where === 'value' ? step.entry.value : undefined;
  return node?.kind === 'scalar' ? node : undefined;
}

function keysOf(steps: readonly PathStep[]): (string | number)[] {
  return steps.map((step) => (step.kind === 'item' ? step.index : step.entry.key.text));
}

/** Whether any text can stand there, so that the value would be right with what the comment says, too. */
function mayHoldAny(place: SchemaInfo | undefined, value: string): boolean {
  if (place === undefined || place.values.includes(value)) return false;
  const { names } = place;
  if (names !== undefined && names !== 'path' && names !== 'glob') return false;
  return !/^(an? (duration|size|name|number)|the name)\b/.test(place.type);
}
