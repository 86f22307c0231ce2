import { valueAt } from '../../definition/keys.js';
import { entriesOf, field, wordOf } from '../../definition/read/read.js';
import { paramForm } from '../../definition/params/form.js';
import { PARAM_TYPES } from '../../definition/params/types.js';
import { otherReading } from '../../definition/structure/yaml-readings.js';
import type { ScalarNode, SyntaxNode } from '../../syntax/tree.js';
import { replacement } from '../shared/edits.js';
import type { Rule, RuleContext } from '../rule.js';

type Node = SyntaxNode | null | undefined;

export const ambiguous: Rule = {
  id: 'value/ambiguous',
  severity: 'warning',
  summary: 'A value that readers of YAML 1.1 take for something else.',
  docs: `
Definitions are YAML 1.2. PyYAML, and with it DVC, Ansible and most Python programs, reads YAML 1.1, where some values that
are not in quotes mean something else:

| written | here | YAML 1.1 |
|---|---|---|
| \`no\`, \`off\`, \`yes\`, \`on\`, \`n\`, \`y\` | a text, true in a condition | false, true |
| \`0777\`, \`0012\` | 777, 12 | octal: 511, 10 |
| \`0o17\`, \`0b11\` | 15, a text | a text, 3 |
| \`1_000\`, \`1:30\` | a text | 1000, 90 |
| \`1e3\`, \`1e-7\`, \`1.5e3\` | a number | a text |
| \`.inf\`, \`.nan\` | a text | infinite, not a number |
| \`1e400\` | a number | a text; infinite in most programs |
| \`2024-01-01\` | a text | a date |

It is said of params, of matrices, of \`env\` and of what a \`pipeline\` task sets. Nothing is said of values in quotes, and
of params with \`type: string\`. A command gets what is written, whatever it means.

Numbers with an exponent (\`1e-4\`) are everyday and seldom a trap: they are a hint, not a warning.

**How to fix it:** Write the value so that there is one way to read it: \`false\`, \`1000\`, \`1.0e-7\`, or in quotes.
`,
  good: [
    {
      files:
        'params: { publish: false, mode: "0777", id: { type: string, default: 007 } }\ntasks:\n  train:\n    run: ./train.sh ${{ params.publish }} ${{ params.mode }} ${{ params.id }}\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        'params: { publish: «no» }\ntasks:\n  train:\n    run: ./train.sh ${{ params.publish }}\n    outputs: { model: models/rain.json }\n',
      messages: [
        '`no` is the text "no", which is true in a condition; YAML 1.1 (PyYAML) reads false. Write `false`, or `\'no\'` to keep it.',
      ],
      fixed:
        'params: { publish: false }\ntasks:\n  train:\n    run: ./train.sh ${{ params.publish }}\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'tasks:\n  train:\n    matrix: { mask: [«0777»] }\n    run: ./train.sh ${{ matrix.mask }}\n    outputs: { model: models/rain.json }\n',
      messages: [
        "`0777` is the number 777; YAML 1.1 (PyYAML) reads the number 511. Write `511` or `777`, or `'0777'` to keep it.",
      ],
      fixed:
        'tasks:\n  train:\n    matrix: { mask: [511] }\n    run: ./train.sh ${{ matrix.mask }}\n    outputs: { model: models/rain.json }\n',
    },
  ],
  check(context) {
    const { pipeline, definition } = context;
    // The directive says which one is meant.
    if (pipeline === undefined || /^%YAML\s+1\.1/m.test(definition.tree.text)) return;
    const seen = new Set<number>();
    const each = (node: Node): void => scalars(node, (scalar) => report(context, scalar, seen));
    for (const entry of entriesOf(valueAt(pipeline, 'params'))) param(entry.value, each);
    each(valueAt(pipeline, 'env'));
    for (const task of pipeline.tasks) {
      each(valueAt(task, 'env'));
      for (const { key, value } of entriesOf(valueAt(task, 'matrix'))) {
        if (key.text !== 'max-parallel' && key.text !== 'fail-fast') each(value);
      }
      call(context, valueAt(task, 'pipeline'), each);
    }
  },
};

function param(node: Node, each: (node: Node) => void): void {
  switch (paramForm(node)) {
    case 'short':
      each(node);
      return;
    case 'group':
      for (const entry of entriesOf(node)) param(entry.value, each);
      return;
    case 'long':
      if (wordOf(field(node, 'type'), PARAM_TYPES) === 'string') return;
      for (const key of ['default', 'choices', 'minimum', 'maximum']) each(field(node, key));
  }
}

/** What a task sets of another pipeline; a param that is a text there is one here. */
function call(context: RuleContext, action: Node, each: (node: Node) => void): void {
  const params = entriesOf(field(action, 'params'));
  if (params.length === 0) return;
  const name = field(action, 'name');
  const [called] = name?.kind === 'scalar' ? (context.project.pipelinesByName.get(name.text) ?? []) : [];
  for (const { key, value } of params) {
    const declared =
      called?.kind === 'pipeline' ? called.pipeline.params.find((one) => one.name === key.text) : undefined;
    if (declared?.type !== 'string') each(value);
  }
}

function scalars(node: Node, fn: (scalar: ScalarNode) => void): void {
  if (node === null || node === undefined) return;
  if (node.kind === 'scalar') {
    if (node.style === 'plain' && node.template === undefined) fn(node);
  } else if (node.kind === 'sequence') for (const item of node.items) scalars(item, fn);
  else for (const entry of entriesOf(node)) scalars(entry.value, fn);
}

function report(context: RuleContext, { text, span }: ScalarNode, seen: Set<number>): void {
  if (seen.has(span.start)) return;
  seen.add(span.start);
  const other = otherReading(text);
  // A tag says what is meant.
  if (
    other === undefined ||
    /[!&]\S*\s+$/.test(context.definition.tree.text.slice(Math.max(0, span.start - 40), span.start))
  )
    return;
  const { here, there, kept, minor } = other;
  const others = [other.meant, other.number].filter((one) => one !== undefined);
  // PyYAML itself takes one letter for a text.
  const reader = /^[yn]$/i.test(text) ? 'YAML 1.1' : 'YAML 1.1 (PyYAML)';
  const ways =
    others.length === 0
      ? `Write \`${kept}\`.`
      : `Write ${others.map((one) => `\`${one}\``).join(' or ')}, or \`${kept}\` to keep it.`;
  context.report({
    span,
    message: `\`${text}\` is ${here}; ${reader} reads ${there}. ${ways}`,
    ...(minor === true ? { severity: 'hint' as const } : {}),
    fixes: [...others, kept].map((one) => replacement(context, `Write \`${one}\``, span, one, false)),
  });
}
