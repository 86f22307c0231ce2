/** Models, versions and their history as text for a terminal. What comes from files is tamed. */
import { age } from '../../../base/format.js';
import { display } from '../../../base/json.js';
import type { Json } from '../../../definition/definition.js';
import { modelUri } from '../../../definition/names/registry-names.js';
import { formatBytes } from '../../../definition/text/units.js';
import { describeEntry } from '../../../stores/registry/versions/card.js';
import type {
  HistoryEntry,
  RegisteredModel,
  Signature,
  VersionSummary,
} from '../../../stores/registry/types.js';
import type { Style } from '../../terminal/style.js';
import { fit, oneLine, pad, tame, width } from '../../terminal/text.js';
import type { Chosen } from './shared.js';

const WIDEST_CELL = 48;

/** Rows under headings, each column as wide as it needs to be. */
export function columns(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  style: Style,
): string[] {
  const clean = rows.map((row) => row.map((cell) => fit(oneLine(cell), WIDEST_CELL)));
  const widths = headings.map((heading, index) =>
    Math.max(width(heading), ...clean.map((row) => width(row[index] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => pad(cell, widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return [style.dim(line(headings)), ...clean.map(line)];
}

export function plain(value: Json): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  return display(value);
}

/** `3h ago` */
export function ago(iso: string, now = Date.now()): string {
  const found = age(iso, now);
  if (found === undefined) return iso;
  return found.count === 0 ? 'just now' : `${found.count}${found.unit.slice(0, 1)} ago`;
}

/** Aliases by the version that they point to. */
export function aliasesByVersion(model: RegisteredModel): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [alias, version] of Object.entries(model.aliases)) {
    found.set(version, [...(found.get(version) ?? []), alias]);
  }
  return found;
}

/** The newest version that is still there. */
export function newest(model: RegisteredModel): VersionSummary | undefined {
  return model.recent.find((version) => version.deleted !== true);
}

export function modelRows(models: readonly RegisteredModel[], style: Style): string[] {
  return columns(
    ['MODEL', 'VERSIONS', 'LATEST', 'ALIASES', 'CHANGED', 'DESCRIPTION'],
    models.map((model) => [
      model.name,
      String(model.counts.versions),
      newest(model)?.version ?? '',
      Object.entries(model.aliases)
        .map(([alias, version]) => `${alias} → ${version}`)
        .join(', '),
      ago(model.updatedAt),
      model.description.split('\n')[0] ?? '',
    ]),
    style,
  );
}

/** At most so many metrics stand in a line of a list. */
const METRICS_IN_ROW = 3;

export function modelLines(
  model: RegisteredModel,
  versions: readonly VersionSummary[],
  style: Style,
): string[] {
  const lines = [style.bold(model.name)];
  if (model.deleted !== undefined) {
    lines.push(style.yellow(`deleted ${ago(model.deleted.at)} by ${model.deleted.by}`));
  }
  if (model.description !== '') lines.push(tame(model.description, false));
  const tags = Object.entries(model.tags);
  if (tags.length > 0) lines.push(`tags  ${tagText(tags)}`);
  const aliases = aliasesByVersion(model);
  if (versions.length === 0) return [...lines, 'It has no versions yet.'];
  const rows = versions.map((version) => [
    version.version,
    (aliases.get(version.version) ?? []).join(', '),
    version.deleted === true ? 'deleted' : version.status === 'READY' ? 'ready' : version.status,
    ago(version.createdAt),
    Object.entries(version.metrics)
      .slice(0, METRICS_IN_ROW)
      .map(([key, value]) => `${key} ${plain(value)}`)
      .join(', '),
    version.run?.id ?? '',
  ]);
  return [...lines, '', ...columns(['VERSION', 'ALIASES', 'STATUS', 'MADE', 'METRICS', 'RUN'], rows, style)];
}

export function versionLines({ version, aliases }: Chosen, style: Style): string[] {
  const { artifact, run, git, signature, deleted } = version;
  const field = (name: string, text: string): string => `${style.dim(pad(name, 10))}  ${tame(text, false)}`;
  const files = artifact.files === undefined ? '' : `, ${artifact.files} files`;
  const framework = artifact.framework === undefined ? '' : `, ${artifact.framework}`;
  const lines = [
    `${style.bold(`${version.name} ${version.version}`)}${aliases.length > 0 ? `  ${style.cyan(aliases.join(', '))}` : ''}`,
  ];
  if (deleted !== undefined) lines.push(style.yellow(`deleted ${ago(deleted.at)} by ${deleted.by}`));
  if (version.description !== '') lines.push(tame(version.description, false));
  lines.push(
    '',
    field('uri', modelUri(version.name, { kind: 'version', version: version.version })),
    field(
      'status',
      version.status + (version.statusMessage === undefined ? '' : `: ${version.statusMessage}`),
    ),
    field('made', `${version.createdAt} by ${version.createdBy}`),
  );
  if (run !== undefined) {
    lines.push(
      field('run', `${run.id} of ${run.pipeline}${run.task === undefined ? '' : `, task ${run.task}`}`),
    );
  }
  lines.push(
    field(
      'artifact',
      `${artifact.path} (${artifact.kind}, ${formatBytes(artifact.bytes)}${files}${framework})`,
    ),
    field('hash', artifact.hash),
  );
  if (git !== undefined) {
    const branch = git.branch === undefined ? '' : ` on ${git.branch}`;
    lines.push(
      field('git', `${git.commit.slice(0, 7)}${branch}${git.dirty === true ? ', with changes' : ''}`),
    );
  }
  if (signature !== undefined) {
    lines.push(field('takes', fieldsText(signature.inputs)), field('gives', fieldsText(signature.outputs)));
  }
  const tags = Object.entries(version.tags);
  if (tags.length > 0) lines.push(field('tags', tagText(tags)));
  lines.push(...block('metrics', version.metrics, field), ...block('params', version.params, field));
  lines.push(...block('metadata', version.metadata, field));
  for (const [index, { path, hash }] of version.inputs.entries()) {
    lines.push(field(index === 0 ? 'data' : '', `${path}  ${hash.slice(0, 19)}…`));
  }
  return lines;
}

function block(
  name: string,
  values: Readonly<Record<string, Json>>,
  field: (name: string, text: string) => string,
): string[] {
  return Object.entries(values).map(([key, value], index) =>
    field(index === 0 ? name : '', `${key} = ${plain(value)}`),
  );
}

function fieldsText(fields: Signature['inputs']): string {
  return fields.map(({ name, type }) => `${name}: ${type}`).join(', ') || 'nothing that is declared';
}

function tagText(tags: readonly (readonly [string, string])[]): string {
  return tags.map(([key, value]) => `${key}=${value}`).join(', ');
}

export function historyLines(entries: readonly HistoryEntry[], style: Style): string[] {
  return entries.map((entry) => {
    const run = entry.run === undefined ? '' : `, run ${entry.run.id}`;
    const reason = entry.reason === undefined ? '' : ` — ${entry.reason}`;
    return (
      `${entry.at.slice(0, 19).replace('T', ' ')}  ${tame(describeEntry(entry) + reason, false)}` +
      style.dim(tame(`  (${entry.who}${run})`, false))
    );
  });
}
