import { LOCAL_TARGET, servingMentions } from '../../definition/mentions/serving.js';
import type { ServingMention } from '../../definition/mentions/serving.js';
import { entryOf, lineBreakOf } from '../../syntax/text.js';
import { indentAt } from '../shared/places.js';
import type { Fix, Rule, RuleContext } from '../rule.js';
import { definedNames } from '../shared/serving-names.js';
import { reportUnknown } from '../shared/unknown.js';

const SETTINGS =
  'environments:\n  staging: { target: local }\n  production: { target: local, approval: true }\n';

export const unknownEnvironment: Rule = {
  id: 'reference/unknown-environment',
  severity: 'error',
  summary: 'An environment or a target is named that `modelyard.yaml` does not define.',
  docs: `
Where an app is deployed to is one of the \`environments\` of \`modelyard.yaml\`, and the platform behind it one of its
\`targets\`; the target \`local\` is always there. A task that deploys anywhere else fails.

Nothing is said where the name is an expression, and while \`modelyard.yaml\` can't be read.

**How to fix it:** Take the name that is suggested, or define the environment in \`modelyard.yaml\`: there is a quick fix for
it, and \`environments: { staging: {} }\` is enough.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'deploy.pipeline.yaml':
          'tasks:\n  deploy:\n    deploy: { package: app@3, environment: staging, target: local }\n',
        'modelyard.yaml': SETTINGS,
      },
      packages: { app: 3 },
    },
  ],
  bad: [
    {
      files: {
        'deploy.pipeline.yaml': 'tasks:\n  deploy:\n    deploy: { package: app@3, environment: «stagign» }\n',
        'modelyard.yaml': SETTINGS,
      },
      packages: { app: 3 },
      messages: ['There is no environment "stagign" in modelyard.yaml. Did you mean "staging"?'],
      fixed: 'tasks:\n  deploy:\n    deploy: { package: app@3, environment: staging }\n',
    },
    {
      files: 'tasks:\n  deploy:\n    deploy: { package: app@3, environment: «staging» }\n',
      packages: { app: 3 },
      messages: [
        'There is no environment "staging". Define it in modelyard.yaml: `environments: { staging: {} }`.',
      ],
    },
    {
      files: { 'modelyard.yaml': 'environments:\n  staging: { target: «cloud» }\n' },
      messages: ['There is no target "cloud" in modelyard.yaml. Expected one of local.'],
    },
  ],
  check(context) {
    for (const mention of servingMentions(context.definition)) {
      if (mention.whole === undefined) judge(context, mention);
    }
  },
};

function judge(context: RuleContext, { kind, name, span }: ServingMention): void {
  if (kind !== 'environment' && kind !== 'target') return;
  const defined = definedNames(context.project, kind);
  if (defined === undefined) return;
  const names = kind === 'target' ? [...new Set([LOCAL_TARGET, ...defined])] : defined;
  if (names.includes(name)) return;
  const none = names.length === 0;
  reportUnknown(context, { value: name, span }, names, {
    message: `There is no ${kind} "${name}"${none ? '' : ' in modelyard.yaml'}.`,
    none: ` Define it in modelyard.yaml: \`environments: { ${name}: {} }\`.`,
    fixes: kind === 'environment' ? definition(context, name) : [],
  });
}

/** Defines the environment at the end of the section, or of the file. Nothing where that would need more than a line. */
function definition({ project }: RuleContext, name: string): Fix[] {
  const settings = project.settings();
  if (settings === undefined || !/^[A-Za-z_][\w-]*$/.test(name)) return [];
  const { tree, path } = settings;
  const section = entryOf(tree.root, 'environments');
  const eol = lineBreakOf(tree);
  const fix = (at: number, newText: string): Fix[] => [
    {
      title: `Define the environment "${name}" in ${path}`,
      edits: [{ path, span: { start: at, end: at }, newText }],
      preferred: false,
    },
  ];
  if (section === undefined) {
    if (tree.root !== null && (tree.root.kind !== 'map' || tree.text[tree.root.span.start] === '{'))
      return [];
    const before = tree.text === '' || tree.text.endsWith('\n') ? '' : eol;
    return fix(tree.text.length, `${before}environments:${eol}  ${name}: {}${eol}`);
  }
  const map = section.value;
  const [first] = map?.kind === 'map' ? map.entries : [];
  if (map?.kind !== 'map' || first === undefined) return [];
  if (tree.text[map.span.start] === '{') return fix(first.span.start, `${name}: {}, `);
  return fix(first.span.start, `${name}: {}${eol}${indentAt(tree, first.span.start)}`);
}
