import type { Pipeline, Task } from '../../definition/definition.js';
import { firstKeyOf, valueAt } from '../../definition/keys.js';
import { scanScript } from '../../definition/shell/scan.js';
import { insertBefore } from '../shared/edits.js';
import type { Fix, Rule, RuleContext } from '../rule.js';
import { shellTasks } from '../shared/shell-tasks.js';

/** What the system and shells set, and what says where a task runs rather than what it does. */
const KNOWN =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|IFS|PS[1-4]|LANG|LANGUAGE|LC_\w+|TERM|TZ|TMPDIR|TMP|TEMP|HOSTNAME|HOSTTYPE|OSTYPE|MACHTYPE|RANDOM|SRANDOM|SECONDS|LINENO|EPOCHSECONDS|EPOCHREALTIME|PPID|UID|EUID|GROUPS|BASH\w*|ZSH\w*|OPTARG|OPTIND|OPTERR|REPLY|MAPFILE|PIPESTATUS|FUNCNAME|DIRSTACK|SHLVL|SHELLOPTS|COLUMNS|LINES|DISPLAY|EDITOR|VISUAL|PAGER|CUDA_VISIBLE_DEVICES|VIRTUAL_ENV|CONDA_\w+|_|MODELYARD_\w+)$/;

export const undeclaredVariable: Rule = {
  id: 'task/undeclared-variable',
  severity: 'hint',
  summary: 'A command uses a variable of the environment that the pipeline does not name.',
  docs: `
A command sees the environment of whoever starts the run, but only what the definition names counts for its fingerprint:
with another value of \`$MODE\` the task stays up to date, and its result is the old one.

Nothing is said of variables that the command sets itself, of \`PATH\`, \`HOME\` and their like, and of those that Modelyard
sets. Where it is in doubt (\`eval\`, \`source\`) the rule is silent.

**How to fix it:** Name the variable: \`env: { MODE: { from-environment: true } }\`, with a \`default\` where there is one, or a
value of its own. A secret goes under \`secrets\`.
`,
  good: [
    {
      files:
        'tasks:\n  train:\n    env: { MODE: { from-environment: true } }\n    run: ./train.sh --mode "$MODE" --home "$HOME"\n    outputs: { model: m.json }\n',
    },
    {
      files:
        'tasks:\n  split:\n    run: |\n      for f in *.csv; do n=$(wc -l < "$f"); echo "$n $1"; done\n      awk \'{ print $NF }\' < all.csv\n    cache: false\n',
    },
  ],
  bad: [
    {
      files: 'tasks:\n  train:\n    run: «./train.sh --mode "$MODE"»\n    outputs: { model: m.json }\n',
      messages: [
        'Nothing names the variable MODE: the task stays up to date when its value changes. Name it in `env`.',
      ],
      fixed:
        'tasks:\n  train:\n    env: { MODE: { from-environment: true } }\n    run: ./train.sh --mode "$MODE"\n    outputs: { model: m.json }\n',
    },
    {
      files: 'tasks:\n  train:\n    run: «./train.sh "$(printenv MODE)"»\n    outputs: { model: m.json }\n',
      messages: [
        'Nothing names the variable MODE: the task stays up to date when its value changes. Name it in `env`.',
      ],
    },
  ],
  check(context) {
    const { pipeline } = context;
    if (pipeline === undefined) return;
    for (const { task, script, words } of shellTasks(context)) {
      const named = namesOf(pipeline, task);
      for (const name of scanScript(words).variables) {
        if (KNOWN.test(name) || named.has(name)) continue;
        context.report({
          span: script.span,
          message: `Nothing names the variable ${name}: the task stays up to date when its value changes. Name it in \`env\`.`,
          fixes: fixFor(context, task, name),
        });
      }
    }
  },
};

function namesOf(pipeline: Pipeline, task: Task): ReadonlySet<string> {
  return new Set([
    ...[...pipeline.env, ...task.env].map(({ name }) => name),
    ...[...pipeline.secrets, ...task.secrets].map(({ value }) => value),
  ]);
}

function fixFor(context: RuleContext, task: Task, name: string): Fix[] {
  const first = firstKeyOf(task);
  const env = valueAt(task, 'env');
  if (first === undefined || (env !== undefined && env?.kind !== 'map')) return [];
  const variable = env?.entries[0];
  // Between empty braces nothing can be put in front.
  if (env !== undefined && variable === undefined) return [];
  const value = '{ from-environment: true }';
  const edit =
    variable === undefined
      ? insertBefore(context, first.entry, first.flow, 'env', `{ ${name}: ${value} }`)
      : insertBefore(context, variable, env?.flow === true, name, value);
  return [{ title: `Let ${name} count`, edits: [edit], preferred: false }];
}
