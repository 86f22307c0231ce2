/** The rules' pages, made from the rules themselves, so that they say what the code does. */
import { plural } from '../base/format.js';
import { formatBytes } from '../definition/text/units.js';
import { lineStartsOf, positionAt } from '../syntax/text.js';
import { plainExample } from './examples.js';
import { ALL_RULES } from './index.js';
import type { BadExample, Example, Rule } from './rule.js';

const CATEGORIES: Readonly<Record<string, string>> = {
  syntax: 'Syntax',
  schema: 'Keys and values',
  graph: 'The task graph',
  reference: 'References',
  path: 'Files and paths',
  expression: 'Expressions',
  param: 'Params',
  value: 'Values',
  task: 'Tasks',
  resource: 'Resources',
  feature: 'Features',
  model: 'Registered models',
  package: 'App packages',
  approval: 'Approvals',
  deploy: 'Deployments and services',
  monitor: 'Monitoring',
  security: 'Security',
  dvc: 'Stages of DVC',
  suppression: 'Suppressions',
};

const SEVERITIES: Readonly<Record<Rule['severity'], string>> = {
  error: 'an error',
  warning: 'a warning',
  info: 'info',
  hint: 'a hint',
};

/** The name of a rule's page in `docs/rules`. */
export function rulePageName(id: string): string {
  return `${id.replace('/', '-')}.md`;
}

/** The page of one rule, as Markdown. */
export function renderRulePage(rule: Rule): string {
  const fixable = rule.bad.some((example) => example.fixed !== undefined);
  const lines = [
    `# ${rule.id}`,
    '',
    rule.summary,
    '',
    `By default it is ${SEVERITIES[rule.severity]}.${fixable ? ' The editor has a quick fix.' : ''}`,
    '',
    rule.docs.trim(),
    '',
    '## Reported',
    '',
    ...rule.bad.flatMap(renderBad),
    '## Not reported',
    '',
    ...rule.good.flatMap(renderFiles),
    '## Change or silence it',
    '',
    'For the whole project, in `modelyard.yaml` (`error`, `warning`, `info`, `hint` or `off`):',
    '',
    '```yaml',
    'rules:',
    `  ${rule.id}: ${rule.severity === 'warning' ? 'error' : 'warning'}`,
    '```',
    '',
    'For the next line, or with `modelyard-disable` for the whole file:',
    '',
    '```yaml',
    `# modelyard-disable-next-line ${rule.id} -- why`,
    '```',
    '',
    '[All rules](README.md)',
    '',
  ];
  return lines.join('\n');
}

/** The page that lists all rules, as Markdown. */
export function renderRuleIndex(rules: readonly Rule[] = ALL_RULES): string {
  const lines = [
    '# Rules',
    '',
    'What Modelyard reports about definition files, in the editor and by `modelyard lint`. Each rule has an id, a severity',
    'that the `rules` of `modelyard.yaml` can change for the project, and the setting `modelyard.rules` for an editor, and a',
    "page. What can't be known before a run is not reported.",
    '',
    'While the YAML itself is broken, rules that judge by what is missing keep silent: what they miss may stand in the part',
    'that could not be read.',
    '',
    'To silence one finding, put a comment on the line before it, with a reason after ` -- ` if you like; to silence a rule',
    'in a whole file, leave out `-next-line`. Several ids are separated by commas.',
    '',
    '```yaml',
    '# modelyard-disable-next-line path/missing-input -- fetched by CI',
    '```',
    '',
    "This page and those of the rules are made from the rules' code by `npm run docs`.",
    '',
  ];
  const categories = new Map<string, Rule[]>();
  for (const rule of rules) {
    const category = rule.id.split('/')[0] ?? '';
    categories.set(category, [...(categories.get(category) ?? []), rule]);
  }
  for (const [category, members] of categories) {
    lines.push(
      `## ${CATEGORIES[category] ?? category}`,
      '',
      '| rule | default | fix | reports |',
      '|---|---|---|---|',
    );
    for (const rule of members) {
      const fix = rule.bad.some((example) => example.fixed !== undefined) ? 'yes' : '';
      lines.push(
        `| [${rule.id}](${rulePageName(rule.id)}) | ${rule.severity} | ${fix} | ${rule.summary.replaceAll('|', '\\|')} |`,
      );
    }
    lines.push('');
  }
  return lines.join('\n');
}

function renderBad(example: BadExample): string[] {
  const { files, marked, path } = plainExample(example);
  const text = files[path] ?? '';
  const lineStarts = lineStartsOf(text);
  const findings = marked.map((span, index) => {
    const line = positionAt(lineStarts, span.start).line + 1;
    const covered = text.slice(span.start, span.end).split('\n')[0] ?? '';
    const at = covered === '' ? `Line ${line}` : `Line ${line}, at \`\` ${covered} \`\``;
    return `- ${at}: ${escape(example.messages[index] ?? '')}`;
  });
  const also = (example.also ?? []).map((id) => `[${id}](${rulePageName(id)})`);
  const besides = also.length === 0 ? [] : [`- And findings of ${also.join(', ')}.`];
  const lines = [...renderFiles(example), ...findings, ...besides, ''];
  if (example.fixed !== undefined) lines.push('After the quick fix:', '', ...fenced(example.fixed));
  return lines;
}

function renderFiles(example: Example): string[] {
  const { files } = plainExample(example);
  const names = Object.keys(files);
  const alone = typeof example.files === 'string';
  const lines = names.flatMap((name) => [
    ...(alone ? [] : [`\`${name}\``, '']),
    ...fenced(files[name] ?? ''),
  ]);
  if (example.disk !== undefined && example.disk.length > 0)
    lines.push(`(In the project: ${example.disk.map((path) => `\`${path}\``).join(', ')}.)`, '');
  if (example.models !== undefined) lines.push(`(In the registry: ${registryWords(example.models)}.)`, '');
  if (example.packages !== undefined) {
    const counts = Object.entries(example.packages).map(
      ([name, count]) => `\`${name}\` with ${count} ${count === 1 ? 'version' : 'versions'}`,
    );
    lines.push(`(App packages: ${counts.join('; ')}.)`, '');
  }
  for (const { partition, nodes, cpus, memoryBytes } of example.cluster ?? []) {
    const each = `${plural(nodes, 'node')} of ${plural(cpus, 'core')} and ${formatBytes(memoryBytes)}`;
    lines.push(`(The partition \`${partition}\` of the cluster: ${each}.)`, '');
  }
  for (const [task, used] of Object.entries(example.peaks ?? {}))
    lines.push(`(The most that \`${task}\` used in its last run: ${formatBytes(used)}.)`, '');
  for (const [task, { read, written }] of Object.entries(example.opened ?? {})) {
    const words = [
      read.length === 0 ? '' : `read ${read.join(', ')}`,
      written.length === 0 ? '' : `wrote ${written.join(', ')}`,
    ];
    lines.push(`(In its last run \`${task}\` ${words.filter((word) => word !== '').join(', and ')}.)`, '');
  }
  for (const [view, { data, result }] of Object.entries(example.facts ?? {})) {
    const columns = result ?? data;
    if (columns === undefined) continue;
    const listed = columns.map(({ name, type }) => `\`${name}\`${type === undefined ? '' : ` ${type}`}`);
    lines.push(`(Columns of the view \`${view}\`: ${listed.join(', ')}.)`, '');
  }
  return lines;
}

function registryWords(models: NonNullable<Example['models']>): string {
  const words = Object.entries(models).map(([name, { versions, deleted = [], aliases = {}, signature }]) => {
    const points = Object.entries(aliases).map(([alias, version]) => `\`${alias}\` is version ${version}`);
    const gone = deleted.map((version) => `version ${version} is deleted`);
    const count = `${versions} ${versions === 1 ? 'version' : 'versions'}`;
    const columns = signature === undefined ? [] : [`the signature \`${signatureWords(signature)}\``];
    return `\`${name}\` with ${[count, ...points, ...gone, ...columns].join(', ')}`;
  });
  return words.length === 0 ? 'nothing' : words.join('; ');
}

function signatureWords({
  inputs,
  outputs,
}: NonNullable<NonNullable<Example['models']>[string]['signature']>): string {
  const words = (columns: Readonly<Record<string, string>>): string =>
    Object.entries(columns)
      .map(([name, type]) => `${name}: ${type}`)
      .join(', ');
  return `${words(inputs)} → ${words(outputs)}`;
}

function fenced(text: string): string[] {
  return ['```yaml', text.replace(/\n$/, ''), '```', ''];
}

/** Messages are plain text: nothing in them is meant as Markdown but what stands in backticks. */
function escape(message: string): string {
  return message
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[\\<>*[\]|]/g, '\\$&')))
    .join('');
}
