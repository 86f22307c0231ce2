/** The head of the Service panel: how the service is, what it serves to whom, and what its rules say. */
import type {
  AlertItem,
  RuleLine,
  RunningReleaseItem,
  ServiceItem,
} from '../../../../server/protocol/index.js';
import { ago, localDateTime, plain, plural } from '../../../../server/base/format.js';
import type { PanelOrder } from '../../shared/messages/service.js';
import { ordersOf } from '../../shared/service-view.js';
import { button, h, icon, link } from '../dom.js';

export interface HeadActions {
  readonly order: (order: PanelOrder) => void;
  readonly openBrowser: () => void;
  readonly openLog: () => void;
  readonly openRule: (rule: string) => void;
  readonly openVersion: (model: string, version: string) => void;
  readonly openRun: (id: string) => void;
}

const LOOKS: Readonly<Record<ServiceItem['status'], readonly [icon: string, tone: string]>> = {
  starting: ['loading', 'live'],
  running: ['pass', 'ok'],
  degraded: ['warning', 'wait'],
  unhealthy: ['error', 'bad'],
  'crash-loop': ['error', 'bad'],
  stopping: ['loading', 'live'],
  stopped: ['debug-stop', 'off'],
  failed: ['error', 'bad'],
  lost: ['debug-disconnect', 'bad'],
};

/** @param key keeps the focus when the head is drawn again */
function headButton(key: string, codicon: string, label: string, act: () => void): HTMLButtonElement {
  const element = button(codicon, label, act);
  element.dataset['key'] = `head:${key}`;
  return element;
}

/** @param canRun whether something may be done to the service: nothing is in Restricted Mode */
export function headOf(
  service: ServiceItem,
  canRun: boolean,
  now: number,
  actions: HeadActions,
): HTMLElement {
  const [glyph, tone] = LOOKS[service.status];
  const browser = headButton('browser', 'link-external', 'Open', actions.openBrowser);
  browser.title = 'Open in browser';
  return h(
    'header',
    { class: 'service-head' },
    h(
      'div',
      { class: 'bar' },
      h(
        'h1',
        {},
        icon(glyph, `tone-${tone}${glyph === 'loading' ? ' codicon-modifier-spin' : ''}`),
        plain(service.name, 60),
      ),
      h('span', { class: 'dim' }, `in ${plain(service.environment, 60)}`),
      h('span', { class: 'state' }, service.status.replace('-', ' ')),
      h('span', { class: 'grow' }),
      service.hosted
        ? link(plain(service.url, 120), 'Open in browser', 'head:url', actions.openBrowser)
        : h('span', { class: 'dim', title: 'Nothing listens there now' }, plain(service.url, 120)),
      ...(canRun ? ordersOf(service) : []).map(({ order, icon: codicon, label }) =>
        headButton(order, codicon, label, () => actions.order(order)),
      ),
      service.hosted ? browser : undefined,
      headButton('log', 'output', 'Log', actions.openLog),
    ),
    releases(service, now, actions),
  );
}

function releases(
  { current, candidate, hosted }: ServiceItem,
  now: number,
  actions: HeadActions,
): HTMLElement {
  const rows = [
    ...(current === undefined ? [] : [row(hosted ? 'serves' : 'served last', current, now, actions)]),
    ...(candidate === undefined
      ? []
      : [row(candidate.since === undefined ? 'is made ready' : 'canary', candidate, now, actions)]),
  ];
  if (rows.length === 0) return h('p', { class: 'dim' }, 'No release has served yet.');
  const heads = ['', 'Release', 'App', 'Model', 'Traffic', 'Processes', 'Restarts', 'Since'];
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      { class: 'releases' },
      h('caption', { class: 'said' }, 'Releases and how the traffic is split'),
      h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col', class: 'dim' }, text)))),
      h('tbody', {}, ...rows),
    ),
  );
}

function row(role: string, release: RunningReleaseItem, now: number, actions: HeadActions): HTMLElement {
  const { id, package: app, model, traffic, ready, replicas, restarts, since, runId } = release;
  const bar = h('span', { class: 'fill' });
  bar.style.width = `${traffic}%`;
  const aliases =
    model === undefined || model.aliases.length === 0
      ? undefined
      : plain(`(${model.aliases.join(', ')})`, 80);
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, role),
    h(
      'td',
      { class: 'mono' },
      runId === undefined
        ? plain(id, 80)
        : link(plain(id, 80), 'Show the run that deployed it', `release:${id}`, () => actions.openRun(runId)),
    ),
    h('td', { 'data-name': 'app' }, `${plain(app.name, 60)} ${plain(app.version, 20)}`),
    h(
      'td',
      { 'data-name': 'model' },
      model === undefined
        ? h('span', { class: 'dim' }, 'none')
        : link(
            `${plain(model.name, 60)} ${plain(model.version, 20)}`,
            'Show the version',
            `model:${id}`,
            () => actions.openVersion(model.name, model.version),
          ),
      aliases === undefined ? undefined : ` ${aliases}`,
    ),
    h(
      'td',
      { class: 'share', 'data-name': 'traffic' },
      h('span', { class: 'track', 'aria-hidden': 'true' }, bar),
      h('span', { class: 'reading' }, `${traffic} %`),
    ),
    h(
      'td',
      { class: ready < replicas ? 'tone-wait' : '', 'data-name': 'processes' },
      replicas === 0 ? '–' : ready === replicas ? `${ready} ready` : `${ready} of ${replicas} ready`,
    ),
    h('td', { class: restarts > 0 ? 'tone-wait' : '', 'data-name': 'restarts' }, String(restarts)),
    h(
      'td',
      { 'data-name': 'since', title: since === undefined ? undefined : localDateTime(since) },
      since === undefined ? '–' : ago(since, now),
    ),
  );
}

/** Rules that are broken, with what was seen and where they are written; the others counted. */
export function alertsOf(
  { alerts, hosted }: Pick<ServiceItem, 'alerts' | 'hosted'>,
  rules: readonly RuleLine[],
  now: number,
  actions: HeadActions,
): HTMLElement | undefined {
  if (rules.length === 0 && alerts.length === 0) return undefined;
  const firing = alerts.filter((alert) => alert.firing);
  const quiet = rules.filter(({ rule }) => !firing.some((alert) => alert.rule === rule));
  return h(
    'section',
    { 'aria-label': 'Rules' },
    firing.length === 0
      ? undefined
      : h(
          'ul',
          { class: 'alerts', role: 'list' },
          ...firing.map((alert) => alertRow(alert, rules, now, actions)),
        ),
    quiet.length === 0
      ? undefined
      : h(
          'p',
          { class: 'quiet dim' },
          icon(hosted ? 'pass' : 'circle-slash'),
          h('span', {}, quietWords(quiet.length, firing.length, hosted)),
          ...quiet.map((rule) => ruleWords(rule.rule, rule.place, alertText(alerts, rule.rule), actions)),
        ),
  );
}

function quietWords(quiet: number, firing: number, hosted: boolean): string {
  if (!hosted) return `${plural(quiet, 'rule')}; nothing is held against them while it does not run:`;
  return firing === 0 ? `${plural(quiet, 'rule')}, none broken:` : 'Not broken:';
}

function alertText(alerts: readonly AlertItem[], rule: string): string {
  const alert = alerts.find((one) => one.rule === rule);
  return alert === undefined
    ? 'Not measured yet'
    : alert.state === 'unknown'
      ? 'Nothing to hold it against'
      : 'It holds';
}

function ruleWords(rule: string, place: RuleLine['place'], title: string, actions: HeadActions): HTMLElement {
  return place === undefined
    ? h('span', { class: 'mono', title }, plain(rule, 120))
    : link(plain(rule, 120), `${title}. Shows where it is written`, `rule:${rule}`, () =>
        actions.openRule(rule),
      );
}

function alertRow(
  { rule, severity, text, since }: AlertItem,
  rules: readonly RuleLine[],
  now: number,
  actions: HeadActions,
): HTMLElement {
  const grave = severity === 'error';
  return h(
    'li',
    { class: grave ? 'alert grave' : 'alert' },
    icon(grave ? 'error' : 'warning'),
    h('span', { class: 'said' }, grave ? 'Error: ' : 'Warning: '),
    ruleWords(rule, rules.find((one) => one.rule === rule)?.place, 'Broken', actions),
    h('span', { class: 'grow' }, plain(text, 300)),
    h('span', { class: 'dim', title: localDateTime(since) }, `since ${ago(since, now)}`),
  );
}
