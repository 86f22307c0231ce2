/** The model card of a version: one Markdown page that says what it is for, what it was made of and how good it is. */
import { display } from '../../../base/json.js';
import type { Json } from '../../../definition/definition.js';
import { plural } from '../../../base/format.js';
import { formatBytes } from '../../../definition/text/units.js';
import type { LineageGraph } from '../../lineage/lineage.js';
import { subjectOf } from '../journal/state.js';
import type { HistoryEntry, RegisteredModel, SignatureField, VersionDocument } from '../types.js';

export interface CardContent {
  readonly model: RegisteredModel;
  readonly version: VersionDocument;
  readonly aliases: readonly string[];
  /** Newest first. */
  readonly history: readonly HistoryEntry[];
  /** Upstream. */
  readonly lineage?: LineageGraph;
}

/** Text that stays text: no link, picture, HTML or table cell is made of a name or a value. */
function plain(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const cut = line.length > 200 ? `${line.slice(0, 200)}…` : line;
  return cut.replace(/[\\`*_{}[\]()#+!|<>~$&]/g, (char) => `\\${char}`).replace(/:\/\//g, ':\u200b//');
}

function show(value: Json): string {
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  return plain(display(value));
}

const day = (iso: string): string => iso.slice(0, 16).replace('T', ' ');
const shortHash = (hash: string): string => `\`${hash.slice(hash.indexOf(':') + 1).slice(0, 12)}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines, ...(lines.at(-1) === '' ? [] : [''])];
}

function about({ version, aliases }: CardContent): string[] {
  const { artifact, run, git } = version;
  const size = `${formatBytes(artifact.bytes)}${artifact.files === undefined ? '' : ` in ${artifact.files} files`}`;
  const rows: (readonly [string, string] | undefined)[] = [
    aliases.length === 0 ? undefined : ['Aliases', aliases.map(plain).join(', ')],
    version.status === 'READY' ? undefined : ['Status', version.status],
    ['Made', `${day(version.createdAt)} UTC by ${plain(version.createdBy)}`],
    run === undefined
      ? undefined
      : [
          'Run',
          `${plain(run.id)} of ${plain(run.pipeline)}${run.task === undefined ? '' : `, task ${plain(run.task)}`}`,
        ],
    git === undefined
      ? undefined
      : [
          'Code',
          `commit \`${plain(git.commit.slice(0, 12))}\`${git.branch === undefined ? '' : ` on ${plain(git.branch)}`}${git.dirty === true ? ', with uncommitted changes' : ''}`,
        ],
    ['Artifact', `${plain(artifact.path)}, ${size}, sha256 ${shortHash(artifact.hash)}`],
    artifact.framework === undefined ? undefined : ['Framework', plain(artifact.framework)],
    version.deleted === undefined
      ? undefined
      : ['Deleted', `${day(version.deleted.at)} UTC by ${plain(version.deleted.by)}`],
  ];
  return table(
    ['', ''],
    rows.flatMap((row) => (row === undefined ? [] : [row])),
  );
}

function data({ version }: CardContent): string[] {
  const { features } = version;
  const lines: string[] = [];
  if (features !== undefined) {
    const set = features.trainingSet;
    lines.push(
      `Features${features.service === undefined ? '' : ` of the service ${plain(features.service)}`}${set === undefined ? '' : `, training set ${plain(set.path)} (${shortHash(set.hash)})`}.`,
      '',
    );
  }
  return [
    ...lines,
    ...table(
      ['file', 'content'],
      version.inputs.map(({ path, hash }) => [plain(path), shortHash(hash)]),
    ),
  ];
}

function values(record: Readonly<Record<string, Json>>, head: string): string[] {
  const rows = Object.entries(record)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [plain(key), show(value)]);
  return table([head, 'value'], rows);
}

function signature({ version }: CardContent): string[] {
  if (version.signature === undefined) return [];
  const rows = (side: string, fields: readonly SignatureField[]): string[][] =>
    fields.map(({ name, type, required }) => [side, plain(name), plain(type), required ? 'yes' : 'no']);
  const { inputs, outputs } = version.signature;
  return table(['', 'name', 'type', 'required'], [...rows('in', inputs), ...rows('out', outputs)]);
}

function lineage({ lineage: graph }: CardContent): string[] {
  if (graph === undefined) return [];
  const lines = graph.nodes.flatMap((node) => {
    switch (node.kind) {
      case 'task':
        return [`- task ${plain(node.task)} of ${plain(node.pipeline)}, run ${plain(node.run)}`];
      case 'view':
        return [`- feature view ${plain(node.view)}, version ${node.version}`];
      case 'version':
      case 'package':
      case 'release':
      case 'service':
        return [];
      default:
        return [`- ${node.kind.replace('-', ' ')} ${plain(node.path)} (${shortHash(node.hash)})`];
    }
  });
  return graph.truncated ? [...lines, '- … and more'] : lines;
}

/** What an entry of the history says, in words without who and when. */
export function describeEntry(entry: HistoryEntry): string {
  const subject = subjectOf(entry);
  const of = subject === undefined ? '' : ` of version ${subject}`;
  switch (entry.action) {
    case 'model-created':
      return 'model created';
    case 'version-created': {
      const aliases = Object.keys(entry.aliases);
      return `version ${entry.version} registered${aliases.length === 0 ? '' : ` as ${aliases.join(', ')}`}`;
    }
    case 'version-status':
      return `status${of}: ${entry.from} → ${entry.to}`;
    case 'alias-set':
      return entry.from === null
        ? `${entry.alias} set to version ${entry.to}`
        : `${entry.alias} moved from version ${entry.from} to ${entry.to}`;
    case 'alias-removed':
      return `${entry.alias} removed from version ${entry.from}`;
    case 'alias-rolled-back':
      return `${entry.alias} rolled back ${entry.from === null ? '' : `from version ${entry.from} `}to ${entry.to}`;
    case 'tag-set':
      return `tag ${entry.key}${of} set to ${entry.to}`;
    case 'tag-removed':
      return `tag ${entry.key}${of} removed`;
    case 'metrics-set':
      return `metrics${of} set: ${Object.keys(entry.to).join(', ')}`;
    case 'described':
      return `description${of} changed`;
    case 'version-deleted':
      return `version ${entry.version} deleted`;
    case 'version-restored':
      return `version ${entry.version} restored`;
    case 'version-purged':
      return `artifact of version ${entry.version} given up`;
    case 'model-deleted':
      return 'model deleted';
    case 'model-restored':
      return 'model restored';
    case 'imported':
      return `imported from ${entry.name}: ${plural(Object.keys(entry.versions).length, 'version')}`;
  }
}

/** Markdown. Descriptions stand in it as they were written: show it where Markdown is not trusted. */
export function modelCard(content: CardContent): string {
  const { model, version, history } = content;
  const tags = { ...model.tags, ...version.tags };
  const lines = [
    `# ${plain(model.name)}, version ${version.version}`,
    '',
    ...about(content),
    ...section('Purpose', model.description.trim() === '' ? [] : [model.description.trim()]),
    ...section('This version', version.description.trim() === '' ? [] : [version.description.trim()]),
    ...section('Metrics', values(version.metrics, 'metric')),
    ...section('Params', values(version.params, 'param')),
    ...section('Data', data(content)),
    ...section('Signature', signature(content)),
    ...section('Lineage', lineage(content)),
    ...section('Tags', values(tags, 'tag')),
    ...section('Metadata', values(version.metadata, 'key')),
    ...section(
      'History',
      table(
        ['when (UTC)', 'who', 'what', 'why'],
        history.map((entry) => [
          day(entry.at),
          plain(entry.who),
          plain(describeEntry(entry)),
          plain(entry.reason ?? ''),
        ]),
      ),
    ),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
