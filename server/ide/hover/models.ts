/** Registered models and their versions in words, for hovers and completions. Markdown; what comes from files is escaped. */
import { MODEL_MEMBERS } from '../../definition/expressions/contexts.js';
import { aliasesOfVersion, usableModel, versionOf } from '../../definition/known/models.js';
import type { KnownModel, KnownVersion, KnownVersionDetails } from '../../definition/known/models.js';
import type { ModelMention } from '../../definition/mentions/models.js';
import { formatBytes } from '../../definition/text/units.js';
import { madeModels } from '../../rules/shared/model-makers.js';
import { nowOf } from './describe.js';
import { ago, code, escapeMarkdown, metricValue, shortValue } from './markdown.js';
import { mentionAt, versionMeant } from '../navigate/model-places.js';
import type { Meant } from '../navigate/model-places.js';
import type { Hover, IdeContext } from '../types.js';

const MOST_METRICS = 12;
const MOST_PARAMS = 8;
const MOST_COLUMNS = 12;
const MOST_ALIASES = 10;

/** A version in a few words: `accuracy 0.81 · 3 hours ago`. */
export function versionDetail(context: IdeContext, model: KnownModel, version: KnownVersion): string {
  const main = mainMetric(context, model, version);
  return [...(main === undefined ? [] : [main]), ago(version.createdAt, nowOf(context))].join(' · ');
}

function mainMetric(context: IdeContext, model: KnownModel, version: KnownVersion): string | undefined {
  const key = context.project.models?.mainMetric(model.name);
  if (key === undefined || !Object.hasOwn(version.metrics, key)) return undefined;
  return `${key} ${metricValue(version.metrics[key] ?? null)}`;
}

/** What a list tells of a version. */
export function versionSummary(context: IdeContext, model: KnownModel, version: KnownVersion): string {
  const aliases = aliasesOfVersion(model, version.version);
  const names = aliases.length === 0 ? '' : ` · ${aliases.map(code).join(', ')}`;
  const lines = [`**${escapeMarkdown(model.name)}** · version ${version.version}${names}`];
  if (version.deleted !== undefined) lines.push('Deleted.');
  if (version.title !== undefined) lines.push(escapeMarkdown(version.title));
  lines.push(origin(context, version));
  const metrics = table('metric', version.metrics, MOST_METRICS);
  if (metrics !== undefined) lines.push(metrics);
  return lines.join('\n\n');
}

/** Age, who, and by which run. */
function origin(context: IdeContext, { createdAt, createdBy, run, artifact }: KnownVersion): string {
  const by = run === undefined ? '' : ` in the run ${code(run.id)} of ${escapeMarkdown(run.pipeline)}`;
  const framework = artifact.framework === undefined ? '' : `, ${escapeMarkdown(artifact.framework)}`;
  return [
    `Registered ${ago(createdAt, nowOf(context))} by ${escapeMarkdown(createdBy)}${by}`,
    `${code(artifact.path)} · ${formatBytes(artifact.bytes)}${framework}`,
  ].join('  \n');
}

function table(title: string, values: KnownVersion['metrics'], most: number): string | undefined {
  const entries = Object.entries(values);
  if (entries.length === 0) return undefined;
  const rows = entries
    .slice(0, most)
    .map(([key, value]) => `| ${cell(code(key))} | ${escapeMarkdown(metricValue(value))} |`);
  const more = entries.length > most ? `\n\nand ${entries.length - most} more` : '';
  return `| ${title} | value |\n|---|---|\n${rows.join('\n')}${more}`;
}

/** In a table even a code span ends at a bar. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** Everything that a hover tells of a version. */
function versionPage(context: IdeContext, { model, selector, version }: Meant): string {
  const lines = [versionSummary(context, model, version)];
  const details = context.project.models?.version(model.name, version.version);
  const moved = Object.hasOwn(model.aliases, selector.text)
    ? context.project.models?.moved(model.name, selector.text)
    : undefined;
  if (moved !== undefined) {
    const from = moved.from === null ? '' : `, from version ${moved.from}`;
    const reason = moved.reason === undefined ? '' : `: ${escapeMarkdown(shortValue(moved.reason, 120))}`;
    lines.push(
      `${code(selector.text)} was moved here ${ago(moved.at, nowOf(context))} by ${escapeMarkdown(moved.who)}${from}${reason}`,
    );
  }
  if (details !== undefined) lines.push(...detailLines(details));
  return lines.join('\n\n');
}

function detailLines({ params, features, signature }: KnownVersionDetails): string[] {
  const lines: string[] = [];
  const params_ = table('param', params, MOST_PARAMS);
  if (params_ !== undefined) lines.push(params_);
  if (features?.service !== undefined) lines.push(`Features of ${code(features.service)}`);
  if (signature === undefined) return lines;
  const columns = (fields: (typeof signature)['inputs']): string => {
    const shown = fields.slice(0, MOST_COLUMNS).map(({ name, type }) => code(`${name}: ${type}`));
    const more = fields.length > MOST_COLUMNS ? ` and ${fields.length - MOST_COLUMNS} more` : '';
    return shown.length === 0 ? 'nothing declared' : `${shown.join(', ')}${more}`;
  };
  lines.push(`Takes ${columns(signature.inputs)}  \nGives ${columns(signature.outputs)}`);
  return lines;
}

/** A model: its aliases and what they mean now, or who will register it. */
export function modelSummary(context: IdeContext, name: string): string | undefined {
  const model = usableModel(context.project.models, name);
  const made = madeModels(context.project.definitions()).byName.get(name);
  const makers = (made?.registrations ?? []).map(({ path, task }) => `${code(task)} in ${code(path)}`);
  const by = makers.length === 0 ? undefined : `Registered by ${makers.slice(0, 5).join(', ')}`;
  if (model === undefined) {
    return by === undefined
      ? undefined
      : `**${escapeMarkdown(name)}** · model without a version yet\n\n${by}`;
  }
  const count = model.counts.versions;
  const lines = [`**${escapeMarkdown(name)}** · model · ${count} ${count === 1 ? 'version' : 'versions'}`];
  const first = model.description.trim().split('\n', 1)[0] ?? '';
  if (first !== '') lines.push(escapeMarkdown(shortValue(first, 200)));
  const rows = standing(model).map(([word, version]) => {
    const known = model.recent.find((one) => one.version === version);
    const detail = known === undefined ? '' : escapeMarkdown(versionDetail(context, model, known));
    return `| ${cell(code(word))} | ${version} | ${detail} |`;
  });
  if (rows.length > 0) lines.push(`| | version | |\n|---|---|---|\n${rows.join('\n')}`);
  if (by !== undefined) lines.push(by);
  return lines.join('\n\n');
}

/** Aliases and the newest version, with the versions that they mean. */
function standing(model: KnownModel): (readonly [string, string])[] {
  const aliases = Object.entries(model.aliases).sort(([a], [b]) => (a < b ? -1 : 1));
  const newest = versionOf(model, { kind: 'latest' });
  return [...aliases.slice(0, MOST_ALIASES), ...(newest === undefined ? [] : [['latest', newest] as const])];
}

/** The hover of a reference to a model, of an alias, or of what is asked of a version. */
export function modelHover(context: IdeContext, offset: number): Hover | undefined {
  const mention = mentionAt(context, offset);
  if (mention === undefined) return undefined;
  const { span, members = [] } = mention;
  if (offset > span.end) {
    const at = members.findIndex((step) => step.span.start <= offset && offset <= step.span.end);
    return at === -1 ? undefined : memberHover(context, mention, at);
  }
  const meant = versionMeant(context, mention);
  if (meant !== undefined) {
    const moves =
      mention.role === 'sets' ? '\n\nThis task moves the alias to the version that it makes.' : '';
    return { span, markdown: versionPage(context, meant) + moves };
  }
  if (mention.selector !== undefined && offset > (mention.modelSpan?.end ?? -1)) {
    return aliasHover(context, mention);
  }
  const markdown = mention.model === undefined ? undefined : modelSummary(context, mention.model);
  return markdown === undefined ? undefined : { span: mention.modelSpan ?? span, markdown };
}

/** An alias that no version has. */
function aliasHover(context: IdeContext, { model, selector, role }: ModelMention): Hover | undefined {
  if (model === undefined || selector === undefined) return undefined;
  if (usableModel(context.project.models, model) === undefined && role === 'uses') return undefined;
  const title = `**${escapeMarkdown(selector.text)}** · no version of ${escapeMarkdown(model)} has this alias yet`;
  const more = role === 'sets' ? '\n\nThis task sets it on the version that it makes.' : '';
  return { span: selector.span, markdown: title + more };
}

/** `.version`, `.metrics.accuracy`: what it is, and its value in the version that is meant now. */
function memberHover(context: IdeContext, mention: ModelMention, at: number): Hover | undefined {
  const members = (mention.members ?? []).slice(0, at + 1);
  const names = members.map((step) => step.name ?? '*');
  const span = members.at(-1)?.span;
  const [first, ...rest] = names;
  const member = MODEL_MEMBERS.find(({ name }) => name === first);
  if (member === undefined || span === undefined) return undefined;
  const title = `**${escapeMarkdown(`${mention.model ?? ''}@${mention.selector?.text ?? ''}.${names.join('.')}`)}**`;
  const meant = versionMeant(context, mention);
  const lines = [title, rest.length === 0 ? member.doc : ''];
  if (meant !== undefined) lines.push(valueOf(context, meant, first ?? '', rest.join('.')));
  return { span, markdown: lines.filter((line) => line !== '').join('\n\n') };
}

function valueOf(context: IdeContext, { model, version }: Meant, member: string, key: string): string {
  const inVersion = `in version ${version.version}, which it means now`;
  const details = context.project.models?.version(model.name, version.version);
  switch (member) {
    case 'metrics':
    case 'params': {
      const values = details?.[member] ?? (member === 'metrics' ? version.metrics : {});
      if (key === '') return table(member.slice(0, -1), values, MOST_METRICS) ?? `It has none ${inVersion}.`;
      if (!Object.hasOwn(values, key)) return '';
      return `${code(metricValue(values[key] ?? null))} ${inVersion}`;
    }
    case 'version':
      return `${code(version.version)} now`;
    case 'run':
      return version.run === undefined ? '' : `${code(version.run.id)} ${inVersion}`;
    default:
      return '';
  }
}
