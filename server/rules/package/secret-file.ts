import type { PackageAction, TemplateText } from '../../definition/definition.js';
import { isGlob } from '../../definition/text/paths.js';
import { secretByName } from '../../definition/text/secret-files.js';
import { isNamed } from '../shared/package-files.js';
import { normalizePath } from '../shared/paths.js';
import type { Rule, RuleContext } from '../rule.js';

export const secretFile: Rule = {
  id: 'package/secret-file',
  severity: 'error',
  summary: 'An app package would take a file along that looks like a secret.',
  docs: `
A package is copied to wherever it is deployed, and may be exported and handed on. \`.env\` files, private keys and files of
credentials don't belong there, so making the package is refused. An app gets its secrets by \`secrets\`, from the environment
in which it runs.

The names of files are looked at here; when the package is made, their contents are, too. Files that git ignores don't go into
a package by a glob.

**How to fix it:** Leave the file out with \`exclude\`. A file that is none, such as a key for tests, is named under
\`allow-secret-files\`.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  pack:\n    package: { name: app, include: ["app/**"], exclude: ["**/.env"], allow-secret-files: [app/test.key], entrypoint: python3 app/serve.py }\n',
      disk: ['app/serve.py', 'app/.env', 'app/test.key', 'app/.env.example'],
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  pack:\n    package: { name: app, include: [«"app/**"»], entrypoint: python3 app/serve.py }\n',
      disk: ['app/serve.py', 'app/.env', 'app/keys/id_rsa'],
      messages: [
        'What looks like a secret would go into the package: app/.env, app/keys/id_rsa. Leave it out with `exclude`, or name it under `allow-secret-files`.',
      ],
    },
    {
      files:
        'tasks:\n  pack:\n    package: { name: app, include: [app, «certs/server.key»], entrypoint: python3 app/serve.py }\n',
      disk: ['app/serve.py', 'certs/server.key'],
      messages: [
        'What looks like a secret would go into the package: certs/server.key. Leave it out with `exclude`, or name it under `allow-secret-files`.',
      ],
    },
  ],
  check(context) {
    for (const { action } of context.pipeline?.tasks ?? []) {
      if (action?.kind !== 'package') continue;
      const told = new Set<string>();
      for (const text of action.include) {
        const files = secretsOf(context, text).filter((file) => goesIn(action, file) && !told.has(file));
        for (const file of files) told.add(file);
        if (files.length === 0) continue;
        const shown = files.slice(0, 5).join(', ') + (files.length > 5 ? ', …' : '');
        context.report({
          span: text.span,
          message: `What looks like a secret would go into the package: ${shown}. Leave it out with \`exclude\`, or name it under \`allow-secret-files\`.`,
        });
      }
    }
  },
};

/** Files that an include takes and whose names are those of secrets; none where it can't be told. */
function secretsOf({ project }: RuleContext, { text, template }: TemplateText): readonly string[] {
  const path = template === undefined ? normalizePath(text.trim()) : undefined;
  if (path === undefined) return [];
  if (isGlob(path)) return project.secretFiles?.(path) ?? [];
  switch (project.probe(path)) {
    case 'folder':
      return project.secretFiles?.(path === '' ? '**' : `${path}/**`) ?? [];
    case 'file':
      return secretByName(path) === undefined ? [] : [path];
    default:
      return [];
  }
}

function goesIn({ exclude, allowSecretFiles }: PackageAction, file: string): boolean {
  return isNamed(exclude, file) === false && isNamed(allowSecretFiles, file) === false;
}
