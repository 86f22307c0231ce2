import type { Task } from '../../definition/definition.js';
import { firstKeyOf, keyOf } from '../../definition/keys.js';
import { visitExpression } from '../../syntax/expressions/expression.js';
import type { Expression, ExpressionPart, ScalarNode } from '../../syntax/tree.js';
import { addToList, insertBefore } from '../shared/edits.js';
import { scalarAt } from '../shared/places.js';
import type { Edit, Fix, Rule, RuleContext, TypedSite } from '../rule.js';

export const secretInCommand: Rule = {
  id: 'security/secret-in-command',
  severity: 'warning',
  summary: 'A secret is written into a command.',
  docs: `
A secret that is put into the command line can be read by every process of the machine (\`ps\` shows it), and it ends up in
the command that is recorded. In the environment only the task itself sees it, and it is masked in the logs.

**How to fix it:** Name the secret under \`secrets\` and let the shell read the variable: \`"$API_KEY"\`. The fix does both.
`,
  good: [
    {
      files:
        'tasks:\n  fetch:\n    run: ./fetch.sh --key "$API_KEY"\n    secrets: [API_KEY]\n    outputs: { data: data/raw.csv }\n',
    },
    {
      files:
        'tasks:\n  fetch:\n    run: ./fetch.sh\n    env: { TOKEN: "${{ secrets.API_KEY }}" }\n    outputs: { data: data/raw.csv }\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  fetch:\n    run: ./fetch.sh --key ${{ «secrets.API_KEY» }}\n    outputs: { data: data/raw.csv }\n',
      messages: [
        'The secret "API_KEY" would be part of the command, where other processes can read it. Let the shell read it: name it under `secrets` and write "$API_KEY".',
      ],
      fixed:
        'tasks:\n  fetch:\n    secrets: [API_KEY]\n    run: ./fetch.sh --key "$API_KEY"\n    outputs: { data: data/raw.csv }\n',
    },
    {
      files:
        'tasks:\n  fetch:\n    run: |\n      ./fetch.sh -H "key: ${{ «secrets.API_KEY» }}"\n    secrets: [OTHER]\n    outputs: { data: data/raw.csv }\n',
      messages: [
        'The secret "API_KEY" would be part of the command, where other processes can read it. Let the shell read it: name it under `secrets` and write "$API_KEY".',
      ],
      fixed:
        'tasks:\n  fetch:\n    run: |\n      ./fetch.sh -H "key: ${API_KEY}"\n    secrets: [OTHER, API_KEY]\n    outputs: { data: data/raw.csv }\n',
    },
  ],
  check(context) {
    for (const typed of context.typing()) {
      if (typed.site.place !== 'command') continue;
      visitExpression(typed.site.part.expression, (expression) => {
        const name = secretOf(expression);
        if (name === undefined) return;
        const fix = fixOf(context, typed, expression, name);
        context.report({
          span: expression.span,
          message: `The secret "${name}" would be part of the command, where other processes can read it. Let the shell read it: name it under \`secrets\` and write "$${name}".`,
          fixes: fix === undefined ? [] : [fix],
        });
      });
    }
  },
};

/** `secrets.NAME` or `secrets['NAME']` → `NAME`. */
function secretOf(expression: Expression): string | undefined {
  const isSecrets = (object: Expression) => object.kind === 'name' && object.name === 'secrets';
  if (expression.kind === 'member' && isSecrets(expression.object) && expression.property !== '')
    return expression.property;
  if (expression.kind === 'index' && isSecrets(expression.object) && expression.index.kind === 'literal')
    return String(expression.index.value);
  return undefined;
}

/** Only where the secret is all of the expression, and it is plain how the shell quotes at that place. */
function fixOf(
  context: RuleContext,
  typed: TypedSite,
  expression: Expression,
  name: string,
): Fix | undefined {
  const { definition } = context;
  const { part } = typed.site;
  const { task } = typed;
  if (task === undefined || part.expression !== expression || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return undefined;
  const scalar = scalarAt(definition.tree, part.span.start);
  const variable = scalar === undefined ? undefined : shellVariable(definition.tree.text, scalar, part, name);
  if (variable === undefined) return undefined;
  const edits: Edit[] = [{ path: definition.path, span: part.span, newText: variable }];
  const known = [...task.secrets, ...(context.pipeline?.secrets ?? [])].some(
    (secret) => secret.value === name,
  );
  const declaration = known ? undefined : declare(context, task, name);
  if (!known && declaration === undefined) return undefined;
  if (declaration !== undefined) edits.unshift(declaration);
  return { title: `Let the shell read "$${name}"`, edits, preferred: true };
}

function shellVariable(
  text: string,
  scalar: ScalarNode,
  part: ExpressionPart,
  name: string,
): string | undefined {
  const before = text.slice(scalar.span.start, part.span.start);
  if (scalar.style === 'double-quoted' || /<<|\\$/.test(before)) return undefined;
  const line = shellLine(scalar, before);
  const quote = openQuote(line);
  if (quote === "'") return undefined;
  if (quote === '"') return `\${${name}}`;
  // A plain scalar that begins with a quote would be a quoted one.
  return scalar.style === 'plain' && part.span.start === scalar.span.start ? undefined : `"$${name}"`;
}

/** What the shell has read of the command before a place. */
function shellLine(scalar: ScalarNode, before: string): string {
  if (scalar.style === 'single-quoted') return before.slice(1).replaceAll("''", "'");
  return scalar.style === 'plain' ? before : before.replace(/^[|>][^\n]*\n/, '');
}

/** The quote that is open at the end of a shell text; comments are not known here and count as text. */
function openQuote(text: string): '"' | "'" | undefined {
  let open: '"' | "'" | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\\' && open !== "'") at++;
    else if (character === '"' || character === "'") {
      if (open === undefined) open = character;
      else if (open === character) open = undefined;
    }
  }
  return open;
}

/** Adds the secret to the task's `secrets`, or the key in front of the task's action. */
function declare(context: RuleContext, task: Task, name: string): Edit | undefined {
  const list = keyOf(task, 'secrets');
  if (list === undefined) {
    const first = firstKeyOf(task);
    return first === undefined
      ? undefined
      : insertBefore(context, first.entry, first.flow, 'secrets', `[${name}]`);
  }
  return addToList(context, list.value, [name]);
}
