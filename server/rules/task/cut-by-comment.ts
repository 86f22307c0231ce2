import type { TemplateText } from '../../model/pieces.js';
import { replacement } from '../edits.js';
import type { Rule } from '../rule.js';

export const cutByComment: Rule = {
  id: 'task/cut-by-comment',
  severity: 'hint',
  summary: 'A command or a variable ends before a `#` that may be meant as text.',
  docs: `
For YAML a \`#\` behind a space begins a comment, also in the middle of a command: of \`run: ./plot --color #fff\` the task runs
\`./plot --color\`. Only a \`#\` right before a word is meant here; a comment with a space behind its \`#\` is one.

**To mend it**, put the whole value in quotes, or a space behind the \`#\` of what is a comment.
`,
  good: [
    { files: "tasks:\n  plot:\n    run: './plot --color #fff'\n    cache: false\n" },
    { files: 'tasks:\n  plot:\n    run: ./plot # in color\n    cache: false #nothing\n' },
    { files: 'tasks:\n  plot:\n    run: |\n      ./plot #fff\n    cache: false\n' },
  ],
  bad: [
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
    const { pipeline, definition } = context;
    if (pipeline === undefined) return;
    const { text, comments } = definition.tree;
    const suspects = comments.filter((comment) => /^#[^\s#!]/.test(comment.text));
    if (suspects.length === 0) return;
    const values: TemplateText[] = pipeline.env.map(({ value }) => value);
    for (const { action, env } of pipeline.tasks) {
      if (action?.kind === 'run') values.push(...action.commands);
      values.push(...env.map(({ value }) => value));
    }
    // An alias gives several tasks one text.
    const byEnd = new Map(values.map((value) => [value.span.end, value]));
    for (const { span, text: words } of suspects) {
      const end = text.slice(0, span.start).trimEnd().length;
      const value = byEnd.get(end);
      if (value === undefined || value.text === '' || /^['"|>]/.test(text.charAt(value.span.start))) continue;
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
