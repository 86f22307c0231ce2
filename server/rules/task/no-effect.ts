import { isScript } from '../../definition/actions.js';
import type { ActionKind, Task } from '../../definition/definition.js';
import { keyOf } from '../../definition/keys.js';
import type { Span } from '../../syntax/tree.js';
import { removal } from '../shared/edits.js';
import type { Rule } from '../rule.js';

/** A deployment runs the setup commands of its package. */
const hasCommands = (action: ActionKind): boolean => isScript(action) || action === 'deploy';
/** What makes no file of the project, beside what it is there for. */
const MAKES_NOTHING: readonly ActionKind[] = ['check', 'register', 'package', 'approval', 'deploy', 'service', 'monitor']; // prettier-ignore

interface Place {
  readonly key: string;
  readonly has: (action: ActionKind) => boolean;
  /** Why it has none, and where it belongs. */
  readonly why: (action: ActionKind) => string;
}

const noCommands = (): string => 'it runs no commands';

/** Where the variables and secrets of what an action is about are named. */
function ownVariables(key: 'env' | 'secrets'): (action: ActionKind) => string {
  return (action) => {
    if (action === 'service' || action === 'package')
      return `those of the app are named in \`${action}.${key}\``;
    return action === 'pipeline' ? 'the tasks of that pipeline have their own' : 'it runs no commands';
  };
}

const PLACES: readonly Place[] = [
  { key: 'shell', has: (action) => action === 'run', why: (action) => (action === 'notebook' ? 'its cells are run by a kernel' : 'it runs no commands') }, // prettier-ignore
  { key: 'working-directory', has: isScript, why: noCommands },
  { key: 'python', has: isScript, why: noCommands },
  { key: 'tracking', has: isScript, why: noCommands },
  { key: 'env', has: hasCommands, why: ownVariables('env') },
  { key: 'env-file', has: hasCommands, why: ownVariables('env') },
  { key: 'secrets', has: hasCommands, why: ownVariables('secrets') },
  {
    key: 'timeout',
    has: (action) => action !== 'approval',
    why: () => 'how long it waits is `approval.timeout`',
  },
  { key: 'retries', has: (action) => action !== 'approval', why: () => 'people are asked once' },
  ...['outputs', 'metrics', 'plots'].map((key) => ({ key, has: (action: ActionKind) => !MAKES_NOTHING.includes(action), why: () => 'it makes no files, so that the task would fail' })), // prettier-ignore
];

/** Variables and secrets that expressions of the task use. */
const USED: Readonly<Record<string, RegExp>> = {
  env: /\benv\s*[.[]/,
  'env-file': /\benv\s*[.[]/,
  secrets: /\bsecrets\s*[.[]/,
};

export const noEffect: Rule = {
  id: 'task/no-effect',
  severity: 'warning',
  summary: 'A key that does nothing for the action of its task.',
  docs: `
Some keys of a task are about its commands: \`shell\`, \`working-directory\`, \`python\`, \`env\`, \`secrets\` and others. A check, an
approval or a service has none, so the key would do nothing. The variables and secrets of an app are those of the action
itself (\`service: { env: … }\`), and an approval waits as long as \`approval.timeout\` says. \`env\` and \`secrets\` count where
an expression of the task uses them.

**How to fix it:** Remove the key, or write it where it belongs.
`,
  good: [
    {
      files:
        'tasks:\n  a:\n    run: ./a.sh\n    shell: bash\n    env: { A: 1 }\n    timeout: 1h\n    cache: false\n',
    },
    {
      files:
        "tasks:\n  ask:\n    approval: { prompt: 'To ${{ env.WHERE }}?', timeout: 1d }\n    env: { WHERE: staging }\n",
    },
    {
      files:
        'x-all: &all { timeout: 1h, retries: 1 }\ntasks:\n  ask:\n    <<: *all\n    approval: { prompt: Go on? }\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  ask:\n    approval: { prompt: Go on? }\n    «timeout»: 1d\n    «working-directory»: src\n  again:\n    pipeline: other\n    «env»: { A: 1 }\n',
      disk: ['src/a'],
      messages: [
        '`timeout` has no effect on a task with `approval`: how long it waits is `approval.timeout`.',
        '`working-directory` has no effect on a task with `approval`: it runs no commands.',
        '`env` has no effect on a task with `pipeline`: the tasks of that pipeline have their own.',
      ],
      also: ['reference/unknown-pipeline'],
    },
    {
      files: 'params: { x: 1 }\ntasks:\n  gate:\n    check: [params.x > 1]\n    «outputs»: { o: o.txt }\n',
      messages: [
        '`outputs` has no effect on a task with `check`: it makes no files, so that the task would fail.',
      ],
    },
  ],
  check(context) {
    const { text } = context.definition.tree;
    for (const task of context.pipeline?.tasks ?? []) {
      const { action } = task;
      if (action === undefined || task.stage !== undefined) continue;
      for (const { key, has, why } of PLACES) {
        const entry = has(action.kind) ? undefined : keyOf(task, key);
        // What comes by a merge is for tasks of several kinds.
        const isOwn = entry !== undefined && contains(task.span, entry.key.span);
        if (!isOwn || isUsed(text, task, key)) continue;
        context.report({
          span: entry.key.span,
          message: `\`${key}\` has no effect on a task with \`${action.kind}\`: ${why(action.kind)}.`,
          unnecessary: true,
          fixes: [removal(context, entry)],
        });
      }
    }
  },
};

function contains(outer: Span, { start, end }: Span): boolean {
  return start >= outer.start && end <= outer.end;
}

function isUsed(text: string, { span }: Task, key: string): boolean {
  return USED[key]?.test(text.slice(span.start, span.end)) === true;
}
