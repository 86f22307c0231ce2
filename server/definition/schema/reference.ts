/** The language reference, written from the schema, the contexts and the functions: what it says is what is checked. */
import { oneLine } from '../../base/trim.js';
import type { Numeral } from '../../base/numeral.js';
import type { FileKind, Json } from '../definition.js';
import { CONTEXTS, PLACES, TASK_MEMBERS } from '../expressions/contexts.js';
import { FUNCTIONS } from '../expressions/functions.js';
import { schemaOf } from './index.js';
import { actionSchemas } from './actions/actions.js';
import { countsAt } from './counts.js';
import { expected, shapeOf } from './shape.js';
import type { MapShape, Shape } from './shape.js';
import { isComposite } from '../expressions/values.js';

interface File {
  readonly kind: FileKind;
  readonly title: string;
  readonly intro: string;
}

const FILES: readonly File[] = [
  {
    kind: 'pipeline',
    title: 'Pipeline files',
    intro:
      'Named `*.pipeline.yaml` or `pipeline.yaml`; any other YAML file counts when it has `tasks` and one of our values for `kind`. All paths are relative to the project, with `/` between names, and stay inside it.',
  },
  {
    kind: 'features',
    title: 'Feature files',
    intro:
      'Named `*.features.yaml` or `features.yaml`; any other YAML file counts when it has `entities` and `views`.',
  },
  {
    kind: 'project',
    title: 'The project file',
    intro: '`modelyard.yaml`, in the folder that is the project. It may be empty or missing.',
  },
];

const WHAT_COUNTS = [
  'A task is up to date, or comes from the cache, when everything that counts is as it was: its action, the content of its inputs, and the keys whose column _counts_ says `yes`. A key with `no` says when, where and how often a task runs, or is for people; another value of it makes nothing run again. Params and values of a matrix count for the tasks that use them.',
];

/** Markdown. Deterministic: the same code gives the same text. */
export function renderLanguageReference(): string {
  const lines = [
    '<!-- Written by `npm run docs` from server/definition. Do not edit. -->',
    '',
    '# The language',
    '',
    'Keys and names are written in kebab-case. The same schema gives these pages, the checks, completion and hover in the editor, and the JSON Schemas in [schema/](../schema/).',
    '',
    ...FILES.map(({ title }) => `- [${title}](#${anchor(title)})`),
    '- [What counts](#what-counts)',
    '- [Expressions](#expressions)',
    '',
  ];
  const sections: Sections = new Map();
  for (const file of FILES) {
    lines.push(`## ${file.title}`, '', file.intro, '');
    const [root] = shapeOf(schemaOf(file.kind)).maps;
    if (root === undefined) continue;
    const page: Page = { lines, file, sections };
    lines.push(...table(page, root, []));
    nested(page, root, []);
  }
  for (const { line, title, file, paths } of sections.values()) {
    const [first = '', ...others] = places(paths.get(file) ?? []).map((at) => `\`${at}\``);
    const elsewhere = [...paths].flatMap(([other, at]) =>
      other === file ? [] : places(at).map((path) => `\`${path}\` of ${other.title.toLowerCase()}`),
    );
    const also = [...others, ...elsewhere];
    lines[line] = `### ${title}${first}${also.length === 0 ? '' : `\n\nThe same at ${also.join(', ')}.`}`;
  }
  lines.push('## What counts', '', ...WHAT_COUNTS, '');
  expressions(lines);
  return `${lines.join('\n').trimEnd()}\n`;
}

/** Maps by title and table, as those that are the same are told once. */
type Sections = Map<
  string,
  {
    /** Of its heading, which is written when all its places are known. */
    readonly line: number;
    readonly title: string;
    readonly file: File;
    readonly paths: Map<File, string[]>;
  }
>;

/** The page as far as it is written, and of which file it is. */
interface Page {
  readonly lines: string[];
  readonly file: File;
  readonly sections: Sections;
}

/** Places without those that another one stands for: `params.from` is a `params.<name>`. */
function places(paths: readonly string[]): string[] {
  const covers = (one: readonly string[], other: readonly string[]): boolean =>
    one.length === other.length && one.every((key, at) => key === '<name>' || key === other[at]);
  const all = [...new Set(paths)];
  return all.filter(
    (path) => !all.some((other) => other !== path && covers(other.split('.'), path.split('.'))),
  );
}

/** The keys of a map; of a task, its actions first. */
function table(page: Page, map: MapShape, path: readonly string[]): string[] {
  const lines: string[] = [];
  if (map.exactlyOne.length > 0) actionList(lines);
  const properties = [...map.properties.values()].filter(({ name }) => !map.exactlyOne.includes(name));
  // Only keys of pipelines count or don't; what is below a key that counts does as well.
  const counting = properties.some(({ name }) => countsAt(page.file.kind, [...path, name]) !== undefined);
  const countsOf = (name: string): string | undefined =>
    counting ? (countsAt(page.file.kind, [...path, name]) ?? '') : undefined;
  if (properties.length > 0 || map.named !== undefined) {
    const more = counting ? [' [counts](#what-counts) |', '---|'] : ['', ''];
    lines.push(
      `| key | type | default | what it is for | example |${more[0]}`,
      `|---|---|---|---|---|${more[1]}`,
    );
  }
  for (const { name, shape, required } of properties) lines.push(row(name, shape, required, countsOf(name)));
  if (map.named !== undefined) lines.push(row('<name>', map.named.shape, false, counting ? '' : undefined));
  lines.push('');
  return lines;
}

/** The sections of what stands below a map's keys. */
function nested(page: Page, map: MapShape, path: readonly string[]): void {
  for (const { name, shape } of map.properties.values()) {
    const at = [...path, name];
    if (map.exactlyOne.includes(name)) heading(page.lines, `Action \`${name}\``, shape, at.join('.'));
    below(page, shape, at);
  }
  if (map.named !== undefined) below(page, map.named.shape, [...path, '<name>']);
}

/** The maps that may stand at a place, each with a table of its own. */
function below(page: Page, shape: Shape, path: readonly string[]): void {
  const maps = [...shape.maps, ...shape.sequences.flatMap((sequence) => sequence.item.maps)];
  for (const map of maps) {
    if (map.properties.size === 0) {
      if (map.named !== undefined) below(page, map.named.shape, [...path, '<name>']);
      continue;
    }
    const title = map.schema.title === undefined ? '' : `${map.schema.title}: `;
    const keys = table(page, map, path);
    const key = [title, ...keys].join('\n');
    const told = page.sections.get(key);
    if (told === undefined) {
      const paths = new Map([[page.file, [path.join('.')]]]);
      page.sections.set(key, { line: page.lines.length, title, file: page.file, paths });
      page.lines.push('', '', ...keys);
    } else told.paths.set(page.file, [...(told.paths.get(page.file) ?? []), path.join('.')]);
    nested(page, map, path);
  }
}

function heading(lines: string[], title: string, shape: Shape, path: string): void {
  const description = shape.schema.description ?? '';
  const examples = (shape.schema.examples as readonly Json[] | undefined) ?? [];
  const name = path.slice(path.lastIndexOf('.') + 1);
  lines.push(`### ${title}`, '', description, '', `Written as ${expected(shape)}.`, '');
  for (const example of examples) {
    lines.push('```yaml', ...yaml({ [name]: example }, 0), '```', '');
  }
}

function actionList(lines: string[]): void {
  lines.push('A task has exactly one action:', '', '| action | does |', '|---|---|');
  for (const [name, schema] of Object.entries(actionSchemas)) {
    lines.push(`| [\`${name}\`](#${anchor(`Action ${name}`)}) | ${cell(schema.description ?? '')} |`);
  }
  lines.push('', 'And it takes these keys:', '');
}

function row(name: string, shape: Shape, required: boolean, counts: string | undefined): string {
  const { schema } = shape;
  const fallback = schema.default as Json | undefined;
  const examples = (schema.examples as readonly Json[] | undefined) ?? [];
  const cells = [
    `\`${name}\`${required ? ' (required)' : ''}`,
    prose(expected(shape)),
    fallback === undefined ? '' : code(fallback),
    prose(schema.description ?? ''),
    examples.map(code).join('<br>'),
    ...(counts === undefined ? [] : [counts]),
  ];
  return `| ${cells.join(' | ')} |`;
}

function expressions(lines: string[]): void {
  lines.push(
    '## Expressions',
    '',
    '`${{ … }}` is replaced by a value. In `if`, in `when` and in checks the braces may be left out. Operators, from the one that binds weakest: `||`, `&&`, `==` `!=`, `<` `<=` `>` `>=`, `!`, then `( )`, `.name`, `[index]`, `.*` and `@`. `&&` and `||` give one of their operands.',
    '',
    "Literals are `true`, `false`, `null`, numbers (`42`, `-1.5e3`, `0xff`) and texts in single quotes (`'it''s'`). Texts are compared without regard to case; values of different types are compared as numbers (`null` and `false` are 0, `true` is 1, an empty text is 0, any other text that is not a number never compares as equal). `false`, `0`, the empty text and `null` count as false, everything else as true.",
    '',
    'In a command each value becomes one word of the shell, quoted for its place; a list becomes several words. `raw(…)` puts a value in as it is.',
    '',
    '### Contexts',
    '',
    '| context | what it holds | example | known in |',
    '|---|---|---|---|',
  );
  for (const context of CONTEXTS) {
    const places = context.places.length === PLACES.length ? 'everywhere' : context.places.join(', ');
    const outside = context.outsideTasks ? ', `env` of the pipeline' : '';
    const members = context.name === 'tasks' ? TASK_MEMBERS : context.members;
    const list = members.map((member) => `\`${member.name}\`: ${member.doc}`).join('<br>');
    const what = list === '' ? context.doc : `${context.doc}<br>${list}`;
    lines.push(
      `| \`${context.name}\` | ${cell(what)} | ${code(context.example)} | ${places}${places === 'everywhere' ? '' : outside} |`,
    );
  }
  lines.push('', '### Functions', '', '| function | gives | example | known in |', '|---|---|---|---|');
  for (const info of FUNCTIONS) {
    const places =
      info.places.length === PLACES.length
        ? 'everywhere'
        : info.places.map((place) => `\`${place}\``).join(', ');
    lines.push(`| \`${cell(info.signature)}\` | ${cell(info.doc)} | ${code(info.example)} | ${places} |`);
  }
  lines.push('');
}

function code(value: Json): string {
  const text = flow(value);
  return text.includes('`') ? `\`\` ${cell(text)} \`\`` : `\`${cell(text)}\``;
}

/** Inside a table. */
function cell(text: string): string {
  return oneLine(text.replaceAll('|', '\\|'));
}

/** Words inside a table: what Markdown would take for emphasis or a tag stays as it is, outside of code. */
function prose(text: string): string {
  return cell(text)
    .split(/(`[^`]*`)/)
    .map((part, at) => (at % 2 === 0 ? part.replace(/[_*<]/g, '\\$&') : part))
    .join('');
}

/** YAML in one line. */
function flow(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(flow).join(', ')}]`;
  if (isComposite(value)) {
    const entries = Object.entries(value).map(([name, item]) => `${name}: ${flow(item)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  return scalarText(value, true);
}

function yaml(value: Readonly<Record<string, Json>>, depth: number): string[] {
  const indent = '  '.repeat(depth);
  return Object.entries(value).flatMap(([name, item]) => {
    if (isComposite(item) && !Array.isArray(item)) {
      return [`${indent}${name}:`, ...yaml(item as Readonly<Record<string, Json>>, depth + 1)];
    }
    if (Array.isArray(item) && flow(item).length > 60) {
      return [`${indent}${name}:`, ...(item as readonly Json[]).map((one) => `${indent}  - ${flow(one)}`)];
    }
    const text = typeof item === 'string' ? scalarText(item, false) : flow(item);
    return [`${indent}${name}: ${text}`];
  });
}

/** Quoted where YAML would read something else. */
function scalarText(value: Exclude<Json, object> | Numeral, inFlow: boolean): string {
  if (typeof value !== 'string') return String(value);
  const plain =
    /^([A-Za-z_./$(<>][^#\n]*|[0-9]+[A-Za-z%][A-Za-z0-9]*)$/.test(value) &&
    !/: |:$|^(true|false|null|yes|no)$/i.test(value) &&
    !(inFlow && /[,[\]{}]/.test(value));
  return plain ? value : `'${value.replaceAll("'", "''")}'`;
}

/** As GitHub makes them. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}
