import type { PackageAction } from '../../definition/definition.js';
import { literalWord } from '../../definition/mentions/serving.js';
import type { Span } from '../../syntax/tree.js';
import { isPacked } from '../shared/package-files.js';
import { isMissing } from '../path/missing.js';
import { normalizePath } from '../shared/paths.js';
import type { Rule, RuleContext } from '../rule.js';

export const entrypointMissing: Rule = {
  id: 'package/entrypoint-missing',
  severity: 'error',
  summary: 'The command that starts an app names a file that does not go into its package.',
  docs: `
The \`entrypoint\` runs in the folder of the release, where the files of the package lie as they lie in the project, and
nothing else. A script that \`include\` leaves out is not there.

Only words that are certainly files of the project are looked at: scripts (\`app/serve.py\`, \`./start.sh\`) in a command
without expressions. What \`setup\` may make is not missed.

**How to fix it:** Add the file to \`include\`, or correct the command.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  pack:\n    package: { name: app, include: ["app/**"], entrypoint: python3 app/serve.py --port $PORT }\n',
      disk: ['app/serve.py'],
    },
    {
      files:
        'tasks:\n  pack:\n    package: { name: app, include: [app], setup: [python3 -m venv .venv], entrypoint: .venv/bin/python app/serve.py }\n',
      disk: ['app/serve.py'],
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  pack:\n    package: { name: app, include: ["app/**"], entrypoint: python3 «src/serve.py» }\n',
      disk: ['src/serve.py', 'app/model.py'],
      messages: ['"src/serve.py" does not go into the package: `include` leaves it out.'],
    },
    {
      files:
        'tasks:\n  pack:\n    package: { name: app, include: ["app/**"], entrypoint: python3 «app/srve.py» }\n',
      disk: ['app/serve.py'],
      messages: ['"app/srve.py" is not there, so the package can\'t start.'],
    },
  ],
  check(context) {
    for (const { action } of context.pipeline?.tasks ?? []) {
      if (action?.kind !== 'package') continue;
      for (const { path, span } of scripts(context, action)) {
        const message = judge(context, action, path);
        if (message !== undefined) context.report({ span, message });
      }
    }
  },
};

function judge(context: RuleContext, action: PackageAction, path: string): string | undefined {
  const packed = isPacked(action, path);
  if (packed === undefined) return undefined;
  const there = context.project.probe(path);
  if (!packed) {
    // What is no file of the project may be made by the setup, or be on the machine.
    return there === 'file' || (action.setup.length === 0 && there === 'missing')
      ? `"${path}" does not go into the package: \`include\` leaves it out.`
      : undefined;
  }
  return action.setup.length === 0 && isMissing(context, path, false)
    ? `"${path}" is not there, so the package can't start.`
    : undefined;
}

/** Extensions of files that an interpreter is given, or that are started by themselves. */
const SCRIPT = /\.(?:py|pyz|js|mjs|cjs|ts|sh|bash|rb|pl|R|r|jl|jar|php|lua)$/;

/** The words of the commands that are scripts of the project. */
function scripts(context: RuleContext, action: PackageAction): { path: string; span: Span }[] {
  const { tree } = context.definition;
  const found: { path: string; span: Span }[] = [];
  for (const text of action.entrypoint) {
    const written = literalWord(tree, text);
    // After `cd` paths lead elsewhere, and what a substitution gives is not known.
    if (written === undefined || /\b(?:cd|pushd)\s|[`]|\$\(/.test(written.text)) continue;
    for (const match of written.text.matchAll(/(?<=^|\s)[\w./-]+(?=$|[\s;&|])/g)) {
      const [word] = match;
      if (!SCRIPT.test(word) || word.startsWith('-')) continue;
      const path = normalizePath(word);
      if (path === undefined || path === '') continue;
      const start = written.span.start + match.index;
      found.push({ path, span: { start, end: start + word.length } });
    }
  }
  return found;
}
