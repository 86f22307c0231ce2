/** Texts and icons of releases in the Services tree. */
import { itemContext } from '../contributions/items.js';
import { defined } from '../../server/base/defined.js';
import { ago, localDateTime, plain, plural } from '../../server/base/format.js';
import type { ReleaseItem, RunningReleaseItem } from '../../server/protocol/index.js';
import { commas, dots, escapeMarkdown, type ItemText } from '../parts/item-text.js';
import { lines } from '../models/rows.js';

/** `app@2 · rain@5` */
export function releaseName({ package: app, model }: ReleaseItem): string {
  return dots(
    `${plain(app.name, 32)}@${plain(app.version, 12)}`,
    model === undefined ? undefined : `${plain(model.name, 32)}@${plain(model.version, 12)}`,
  );
}

/** The aliases that point to its model version now. */
export function aliasWords({ model }: ReleaseItem): string | undefined {
  return model === undefined || model.aliases.length === 0
    ? undefined
    : model.aliases.map((alias) => plain(alias, 24)).join(', ');
}

/** What a release is to a service. */
export type ReleaseRole = 'current' | 'canary' | 'starting' | 'previous' | 'idle';

const ROLE_LOOKS: Readonly<Record<ReleaseRole, Pick<ItemText, 'icon' | 'color'>>> = {
  current: { icon: 'rocket', color: 'charts.blue' },
  canary: { icon: 'beaker', color: 'charts.purple' },
  starting: { icon: 'loading~spin' },
  previous: { icon: 'discard' },
  idle: { icon: 'archive' },
};

function isRunning(release: ReleaseItem): release is RunningReleaseItem {
  return 'replicas' in release;
}

function roleWords(release: ReleaseItem, role: ReleaseRole, now: number): readonly string[] {
  if (role === 'previous') return ['before'];
  if (role === 'idle') return release.createdAt === undefined ? [] : [ago(release.createdAt, now)];
  if (role === 'starting') return ['is made ready'];
  if (!isRunning(release)) return [];
  const { since, traffic, ready, replicas, restarts } = release;
  return [
    ...(role === 'canary' ? [`canary ${traffic} %`] : traffic > 0 && traffic < 100 ? [`${traffic} %`] : []),
    ...(since === undefined ? [] : [ago(since, now)]),
    ...(replicas > 1 || ready < replicas ? [`${ready} of ${replicas} ready`] : []),
    ...(restarts > 0 ? [plural(restarts, 'restart')] : []),
  ];
}

export function releaseItemText(id: string, release: ReleaseItem, role: ReleaseRole, now: number): ItemText {
  const words = roleWords(release, role, now);
  const name = releaseName(release);
  const look = ROLE_LOOKS[role];
  return {
    id,
    label: name,
    description: dots(aliasWords(release), ...words),
    icon: look.icon,
    ...defined({ color: look.color }),
    tooltip: releaseTooltip(release),
    context: itemContext(
      'release',
      role,
      release.model !== undefined && 'model',
      release.runId !== undefined && 'run',
    ),
    spoken: commas(
      `Release ${name}`,
      role === 'current' ? 'serves' : undefined,
      aliasWords(release),
      ...words,
    ),
    children: 'none',
  };
}

function releaseTooltip({ id, package: app, model, createdAt, createdBy, runId }: ReleaseItem): string {
  const asked = model?.alias === undefined ? '' : `, deployed as ${escapeMarkdown(model.alias)}`;
  const now =
    model === undefined || model.aliases.length === 0
      ? ''
      : `, now ${model.aliases.map(escapeMarkdown).join(', ')}`;
  return lines(
    `$(package) ${escapeMarkdown(app.name)}, version ${escapeMarkdown(app.version)}`,
    model === undefined
      ? ''
      : `$(symbol-class) ${escapeMarkdown(model.name)}, version ${escapeMarkdown(model.version)}${asked}${now}`,
    createdAt === undefined
      ? 'Its folder is gone.'
      : `$(calendar) Made ${escapeMarkdown(localDateTime(createdAt))} by ${escapeMarkdown(createdBy ?? '')}${runId === undefined ? '' : ', by a run'}`,
    `\`${plain(id).replaceAll('`', '')}\``,
  );
}
