import { isGlob } from '../../definition/text/paths.js';
import { isMissing } from '../path/missing.js';
import type { Rule } from '../rule.js';

export const packageEmpty: Rule = {
  id: 'package/empty',
  severity: 'error',
  summary: 'An app package includes a file that is not there, or nothing at all.',
  docs: `
\`include\` says which files go into an app package. A path that is named has to be there, and of several globs at least one
has to match a file; otherwise the package can't be made.

What a task of the project makes will be there. Nothing is said of paths that an expression gives.

**How to fix it:** Correct the path or the glob. Paths are relative to the project.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  pack:\n    package: { name: app, include: ["app/**", "assets/**"], entrypoint: python3 app/serve.py }\n',
      disk: ['app/serve.py'],
    },
    {
      files:
        'tasks:\n  build:\n    run: npm run build\n    outputs: { site: dist }\n  pack:\n    package: { name: app, include: ["dist/**"], entrypoint: node dist/server.js }\n',
      disk: [],
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  pack:\n    package: { name: app, include: «"ap/**"», entrypoint: python3 ap/serve.py }\n',
      disk: ['app/serve.py'],
      messages: ['"ap/**" matches no file, so the package would be empty.'],
      also: ['package/entrypoint-missing'],
    },
    {
      files:
        'tasks:\n  pack:\n    package: { name: app, include: [app, «requirments.txt»], entrypoint: python3 app/serve.py }\n',
      disk: ['app/serve.py', 'requirements.txt'],
      messages: ['"requirments.txt" does not exist, and no task produces it.'],
    },
  ],
  check(context) {
    for (const { action } of context.pipeline?.tasks ?? []) {
      if (action?.kind !== 'package') continue;
      const { include } = action;
      const globs = include.filter(({ text }) => isGlob(text));
      for (const { text, template, span } of include) {
        if (template !== undefined || isGlob(text) || !isMissing(context, text.trim(), false)) continue;
        context.report({ span, message: `"${text}" does not exist, and no task produces it.` });
      }
      const [first, ...others] = globs;
      if (first === undefined || globs.length < include.length) continue;
      if (
        globs.some(({ text, template }) => template !== undefined || !isMissing(context, text.trim(), true))
      )
        continue;
      const all = others.length === 0 ? `"${first.text}" matches no file` : 'No glob matches a file';
      context.report({ span: first.span, message: `${all}, so the package would be empty.` });
    }
  },
};
