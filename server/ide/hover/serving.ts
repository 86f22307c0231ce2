/** Environments, targets, app packages and services in words, for hovers and completions. Markdown. */
import type { PackageAction, ServiceAction } from '../../definition/definition.js';
import { usableVersions } from '../../definition/known/packages.js';
import { LOCAL_EXECUTOR } from '../../definition/executors.js';
import { LOCAL_TARGET } from '../../definition/mentions/serving.js';
import type { ServingKind } from '../../definition/mentions/serving.js';
import { environmentOf } from '../../rules/shared/releases.js';
import { madeServing } from '../../rules/shared/serving-names.js';
import type { Maker } from '../../rules/shared/serving-names.js';
import { entryOf } from '../../syntax/text.js';
import type { SyntaxNode } from '../../syntax/tree.js';
import { versionWords } from '../complete/names/packages.js';
import { code, escapeMarkdown, shortValue } from './markdown.js';
import type { IdeContext } from '../types.js';

/** More tasks that make one thing are not listed. */
const MOST_MAKERS = 5;

/** `undefined` where nothing of that name is defined. */
export function servingSummary(context: IdeContext, kind: ServingKind, name: string): string | undefined {
  switch (kind) {
    case 'environment':
      return environmentSummary(context, name);
    case 'target':
      return targetSummary(context, name);
    case 'executor':
      return executorSummary(context, name);
    case 'package': {
      const makers = madeServing(context.project.definitions()).packages.byName.get(name) ?? [];
      const [newest] = usableVersions(context.project.packages, name);
      const facts =
        newest === undefined ? [] : [`version ${newest.version}, ${versionWords(context, newest)}`];
      if (makers.length === 0 && newest !== undefined) {
        return page(`**${escapeMarkdown(name)}** · app package`, undefined, facts);
      }
      return summary(name, 'app package', makers, (maker) => [...packageFacts(maker.action), ...facts]);
    }
    case 'service': {
      const makers = madeServing(context.project.definitions()).services.byName.get(name) ?? [];
      return summary(name, 'service', makers, serviceFacts);
    }
  }
}

function section(context: IdeContext, section: string, name: string): SyntaxNode | null | undefined {
  const settings = context.definition.kind === 'project' ? context.definition : context.project.settings();
  return entryOf(entryOf(settings?.tree.root, section)?.value, name)?.value;
}

function textOf(node: SyntaxNode | null | undefined, key: string): string | undefined {
  const value = entryOf(node, key)?.value;
  return value?.kind === 'scalar' && value.text !== '' ? value.text : undefined;
}

function page(title: string, description: string | undefined, facts: readonly string[]): string {
  const lines = [title];
  if (description !== undefined) lines.push(escapeMarkdown(description));
  const known = facts.filter((fact) => fact !== '');
  if (known.length > 0) lines.push(known.map((fact) => `- ${fact}`).join('\n'));
  return lines.join('\n\n');
}

function fact(word: string, value: string | undefined): string {
  return value === undefined ? '' : `${word} ${code(shortValue(value, 100))}`;
}

function environmentSummary(context: IdeContext, name: string): string | undefined {
  const node = section(context, 'environments', name);
  if (node === undefined) return undefined;
  const approval = entryOf(node, 'approval')?.value;
  const who = entryOf(approval, 'who')?.value;
  const names = (who?.kind === 'sequence' ? who.items : [who]).flatMap((item) =>
    item?.kind === 'scalar' ? [code(item.text)] : [],
  );
  const asked = approval?.kind === 'map' || (approval?.kind === 'scalar' && approval.value === true);
  const services = [...madeServing(context.project.definitions()).services.byName]
    .filter(([, makers]) => makers.some((one) => environmentOf(one.definition, one.action) === name))
    .map(([service]) => code(service));
  return page(`**${escapeMarkdown(name)}** · environment`, textOf(node, 'description'), [
    fact('target', textOf(node, 'target') ?? LOCAL_TARGET),
    fact('at', textOf(node, 'url')),
    asked ? `every deployment needs an approval${names.length === 0 ? '' : ` by ${names.join(', ')}`}` : '',
    services.length === 0 ? '' : `services ${services.join(', ')}`,
  ]);
}

function targetSummary(context: IdeContext, name: string): string | undefined {
  const node = section(context, 'targets', name);
  if (node === undefined)
    return name === LOCAL_TARGET ? `**${LOCAL_TARGET}** · target · this machine` : undefined;
  const ports = entryOf(node, 'ports')?.value;
  const [from, to] = [textOf(ports, 'from'), textOf(ports, 'to')];
  return page(
    `**${escapeMarkdown(name)}** · target · ${escapeMarkdown(textOf(node, 'type') ?? LOCAL_TARGET)}`,
    textOf(node, 'description'),
    [
      fact('listens on', textOf(node, 'host')),
      from === undefined || to === undefined ? '' : `ports ${code(`${from}–${to}`)}`,
    ],
  );
}

function executorSummary(context: IdeContext, name: string): string | undefined {
  const node = section(context, 'executors', name);
  if (node === undefined)
    return name === LOCAL_EXECUTOR ? `**${LOCAL_EXECUTOR}** · executor · this machine` : undefined;
  const type = escapeMarkdown(textOf(node, 'type') ?? LOCAL_EXECUTOR);
  const facts = ['jobs', 'cpus', 'memory', 'gpus', 'partition'].map((key) => fact(key, textOf(node, key)));
  return page(`**${escapeMarkdown(name)}** · executor · ${type}`, textOf(node, 'description'), facts);
}

function summary<A>(
  name: string,
  what: string,
  makers: readonly Maker<A>[],
  factsOf: (maker: Maker<A>) => readonly string[],
): string | undefined {
  const [first] = makers;
  if (first === undefined) return undefined;
  const places = makers
    .slice(0, MOST_MAKERS)
    .map(({ task, definition }) => `${code(task.name)} in ${code(definition.path)}`);
  return page(`**${escapeMarkdown(name)}** · ${what}`, first.task.description, [
    ...factsOf(first),
    `made by ${places.join(', ')}`,
  ]);
}

function packageFacts(action: PackageAction): string[] {
  const { ready, live } = action.health;
  const inputs = action.signature?.inputs ?? [];
  return [
    fact('starts', action.entrypoint.at(-1)?.text),
    action.include.length === 0
      ? ''
      : `from ${action.include
          .slice(0, 5)
          .map(({ text }) => code(text))
          .join(', ')}`,
    fact('port', action.port?.text),
    fact('health', (ready ?? live)?.text),
    fact('model', action.model?.text),
    fact('feature service', action.featureService?.text),
    inputs.length === 0
      ? ''
      : `takes ${inputs
          .slice(0, 8)
          .map((one) => code(`${one.name}: ${one.type}`))
          .join(', ')}`,
  ];
}

function serviceFacts({ definition, action }: Maker<ServiceAction>): string[] {
  return [
    fact('in', environmentOf(definition, action)),
    fact('port', action.port?.text),
    fact('health', action.health?.path.text),
    fact('replicas', action.replicas?.text),
    fact('traffic', action.traffic?.text === undefined ? undefined : `${action.traffic.text} %`),
  ];
}
