import { defined } from '../../base/defined.js';
import type { Task } from '../../definition/definition.js';
import { firstKeyOf } from '../../definition/keys.js';
import { scanScript } from '../../definition/shell/scan.js';
import { insertBefore, replacement } from '../shared/edits.js';
import type { Fix, Rule, RuleContext } from '../rule.js';
import { shellTasks } from '../shared/shell-tasks.js';

/** What can't fail, or is stopped on purpose by who reads it. */
const LEFT = /^(?:echo|printf|yes|true|:|seq)\b/;
const RIGHT = /^(?:head|grep -q|grep -m)\b/;
/** Commands that are there to do something; others are conditions of what follows. */
const DOES =
  /^(?:cd|mkdir|cp|mv|rm|make|cmake|pip3?|uv|npm|npx|yarn|pnpm|python[0-9.]*|node|Rscript|julia|go|cargo|docker|git clone|git fetch|tar|unzip|curl|wget|dvc|aws|gsutil|\.\/\S+)\b/;

export const hiddenFailure: Rule = {
  id: 'task/hidden-failure',
  severity: 'hint',
  summary: 'A place in a command where a failure is not seen.',
  docs: `
The first command that fails ends a task. A shell does not see every failure, though:

- in a pipe (\`python3 train.py | tee log.txt\`) \`sh\` looks at the last command only;
- in \`cd build && make; cp a b\` a \`cd\` that fails skips \`make\`, and what follows runs all the same;
- a shell that is given as a command (\`bash {0}\`) continues after a failure unless it is told \`-e\`.

\`command || true\` says that a failure does not matter, and nothing is said about it.

**How to fix it:** Take \`shell: bash\`, which sees what fails in a pipe, join commands by \`&&\`, or give each a line of its own.
`,
  good: [
    {
      files:
        'tasks:\n  train:\n    shell: bash\n    run: python3 train.py | tee log.txt\n    outputs: { log: log.txt }\n',
    },
    {
      files:
        'tasks:\n  clean:\n    run: rm -r build || true; test -e x && rm x; echo done\n    cache: false\n',
    },
  ],
  bad: [
    {
      files: 'tasks:\n  train:\n    run: «python3 train.py | tee log.txt»\n    outputs: { log: log.txt }\n',
      messages: [
        '`sh` does not see when `python3` fails before the pipe: the task continues. `shell: bash` does.',
      ],
      fixed:
        'tasks:\n  train:\n    shell: bash\n    run: python3 train.py | tee log.txt\n    outputs: { log: log.txt }\n',
    },
    {
      files: 'tasks:\n  build:\n    run: «cd lib && make; cp a.so ..»\n    outputs: { lib: a.so }\n',
      messages: ['When `cd` fails before `&&`, what comes after it runs all the same.'],
      fixed: 'tasks:\n  build:\n    run: cd lib && make && cp a.so ..\n    outputs: { lib: a.so }\n',
    },
    {
      files:
        'tasks:\n  build:\n    shell: «bash {0}»\n    run: |\n      make\n      cp a.so lib\n    outputs: { lib: lib }\n',
      messages: ['`bash` continues when a command fails. With `-e` the first failure ends the task.'],
      fixed:
        'tasks:\n  build:\n    shell: bash -e {0}\n    run: |\n      make\n      cp a.so lib\n    outputs: { lib: lib }\n',
    },
  ],
  check(context) {
    for (const { task, shell, script, words } of shellTasks(context)) {
      const { lines } = scanScript(words);
      if (!shell.stops) {
        const commands = lines.filter((line) => line !== '' && !line.startsWith('#!'));
        if (commands.length > 1) reportGoesOn(context, task, shell.programs[0] ?? shell.written);
        continue;
      }
      const hidden = lines.map((line, index) => hiddenIn(line, index < lastCommand(lines)));
      const piped = shell.pipefail ? undefined : hidden.find((one) => one.pipe !== undefined)?.pipe;
      const listed = hidden.find((one) => one.list !== undefined)?.list;
      if (piped !== undefined) {
        context.report({
          span: script.span,
          message: `\`sh\` does not see when \`${piped}\` fails before the pipe: the task continues. \`shell: bash\` does.`,
          fixes: bashFix(context, task),
        });
      }
      if (listed !== undefined) {
        context.report({
          span: script.span,
          message: `When \`${listed}\` fails before \`&&\`, what comes after it runs all the same.`,
          fixes: joinFix(context, task),
        });
      }
    }
  },
};

/** The script with a word in the place of each expression. */
function lastCommand(lines: readonly string[]): number {
  return lines.findLastIndex((line) => line !== '');
}

/** The first word of what may fail unseen in a line. @param more other lines follow */
function hiddenIn(line: string, more: boolean): { readonly pipe?: string; readonly list?: string } {
  if (/\|\||\bcase\b|^(?:if|while|until|elif)\b|^!/.test(line)) return {};
  const commands = line.split(';').map((one) => one.trim());
  const piped = commands.find((one) => {
    const [left, right] = one.split(/(?<![|>])\|(?![|])/).map((part) => part.trim());
    if (left === undefined || right === undefined || left === '' || one.includes('&&')) return false;
    return (
      !LEFT.test(left) && !RIGHT.test(right) && /^[\w./-]+/.test(left) && !/^(?:then|else|do)\b/.test(left)
    );
  });
  const listed = commands.find(
    (one, index) =>
      one.includes('&&') && DOES.test(one) && (more || commands.slice(index + 1).some((next) => next !== '')),
  );
  const word = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : /^\S+/.exec(text)?.[0];
  const [pipe, list] = [word(piped), word(listed)];
  return defined({ pipe, list });
}

function bashFix(context: RuleContext, task: Task): Fix[] {
  if (task.shell !== undefined) {
    return [replacement(context, 'Run it with "bash"', task.shell.span, 'bash', false)];
  }
  const first = firstKeyOf(task);
  if (first === undefined) return [];
  const edit = insertBefore(context, first.entry, first.flow, 'shell', 'bash');
  return [{ title: 'Run it with "bash"', edits: [edit], preferred: false }];
}

/** Only of a command on one line, whose text is what stands in the file. */
function joinFix(context: RuleContext, task: Task): Fix[] {
  if (task.action?.kind !== 'run') return [];
  const [only, ...others] = task.action.commands;
  if (only === undefined || others.length > 0 || /\n|['"#]/.test(only.text)) return [];
  if (context.definition.tree.text.slice(only.span.start, only.span.end) !== only.text) return [];
  const joined = only.text
    .split(';')
    .map((command) => command.trim())
    .filter((command, at, all) => command !== '' || at < all.length - 1)
    .join(' && ');
  return [replacement(context, 'Join the commands by "&&"', only.span, joined, false)];
}

function reportGoesOn(context: RuleContext, task: Task, program: string): void {
  const { pipeline } = context;
  const written = task.shell ?? pipeline?.shell;
  const name = program.slice(program.lastIndexOf('/') + 1);
  const message = `\`${name}\` continues when a command fails. With \`-e\` the first failure ends the task.`;
  const first = task.action?.kind === 'run' ? task.action.commands[0] : undefined;
  if (task.shell === undefined) {
    // Its first line, or another file, says so.
    const span = first?.text.startsWith('#!') === true ? first.span : undefined;
    if (span !== undefined) context.report({ span, message });
    return;
  }
  const text = written?.value ?? '';
  const fixes =
    context.definition.tree.text.slice(task.shell.span.start, task.shell.span.end) === text
      ? [replacement(context, 'Add "-e"', task.shell.span, text.replace(/^\S+/, '$& -e'), false)]
      : [];
  context.report({ span: task.shell.span, message, fixes });
}
