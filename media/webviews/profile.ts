/** The profile of a feature view: each feature's spread, and how far it has moved from another version. */
import type {
  FeatureDriftView,
  FeatureProfile,
  VersionsDrift,
  ViewProfile,
} from '../../server/protocol/index.js';
import { button, h, icon } from './parts/dom.js';
import { connect } from './parts/host.js';
import { on, replace, whole } from './parts/patch.js';
import { driftShares, histogram, overTime, topValues, valueWords } from './parts/charts/spread.js';
import type { FromProfile, ToProfile } from './shared/messages/feature.js';
import { ago, bytes, number, plain } from '../../server/base/format.js';

const root = document.getElementById('root') ?? document.body;
let profile: ViewProfile | undefined;
let canRun = false;
let drift: VersionsDrift | undefined;
let comparing: number | undefined;
let problem: string | undefined;
let search = '';

function percent(share: number): string {
  if (share === 0) return '0 %';
  return share < 0.001 ? '< 0.1 %' : `${Number((share * 100).toPrecision(3))} %`;
}

function fact(name: string, value: string, before?: string): HTMLElement {
  return h(
    'div',
    { class: 'fact' },
    h('span', { class: 'dim' }, name),
    h('span', { class: 'reading' }, value),
    before === undefined || before === value
      ? undefined
      : h('span', { class: 'dim was-value' }, `was ${before}`),
  );
}

function facts(feature: FeatureProfile, reference: FeatureProfile | undefined): HTMLElement {
  const isTime = feature.kind === 'time';
  const { numbers } = feature;
  const old = reference?.numbers;
  const was = (
    pick: (one: FeatureProfile) => number | undefined,
    say: (value: number) => string,
  ): string | undefined => {
    const value = reference === undefined ? undefined : pick(reference);
    return value === undefined ? undefined : say(value);
  };
  const words = (value: number): string => valueWords(value, isTime);
  const share = (one: FeatureProfile): number => (one.count === 0 ? 0 : one.nulls / one.count);
  return h(
    'div',
    { class: 'facts' },
    fact('nulls', percent(share(feature)), was(share, percent)),
    feature.distinct === undefined
      ? undefined
      : fact(
          feature.approximate === true ? 'distinct, about' : 'distinct',
          feature.distinct.toLocaleString('en-US'),
          was(
            ({ distinct }) => distinct,
            (value) => value.toLocaleString('en-US'),
          ),
        ),
    ...(numbers === undefined
      ? []
      : [
          fact('min', words(numbers.min), old && words(old.min)),
          fact('max', words(numbers.max), old && words(old.max)),
          ...(isTime
            ? []
            : [
                fact('mean', number(numbers.mean), old && number(old.mean)),
                fact('std', number(numbers.std), old && number(old.std)),
              ]),
        ]),
  );
}

function quantiles(feature: FeatureProfile): HTMLElement | undefined {
  const { numbers } = feature;
  if (numbers === undefined || numbers.quantiles.length === 0) return undefined;
  const isTime = feature.kind === 'time';
  return h(
    'table',
    { class: 'quantiles', 'aria-label': `Quantiles of ${feature.name}` },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...numbers.quantiles.map(({ at }) =>
          h('th', { scope: 'col', class: 'dim' }, `${Number((at * 100).toFixed(2))} %`),
        ),
      ),
    ),
    h(
      'tbody',
      {},
      h('tr', {}, ...numbers.quantiles.map(({ value }) => h('td', {}, valueWords(value, isTime)))),
    ),
  );
}

function moved(one: FeatureDriftView | undefined, why: string | undefined): HTMLElement | undefined {
  if (one === undefined && why === undefined) return undefined;
  if (one === undefined)
    return h('p', { class: 'moved dim' }, icon('circle-slash'), `Not compared: ${why ?? ''}.`);
  const measures = [
    one.psi === undefined ? undefined : `PSI ${number(one.psi)}`,
    one.ks === undefined ? undefined : `Kolmogorov–Smirnov ${number(one.ks)}`,
    one.jensenShannon === undefined ? undefined : `Jensen–Shannon ${number(one.jensenShannon)}`,
    one.p === undefined ? undefined : `p ${one.p < 0.0001 ? '< 0.0001' : number(one.p)}`,
  ].filter((part) => part !== undefined);
  return h(
    'p',
    { class: `moved ${one.drifted ? 'drifted' : 'steady'}` },
    icon(one.drifted ? 'warning' : 'pass'),
    h('strong', {}, one.drifted ? 'Drifted' : 'Steady'),
    h('span', { class: 'dim' }, measures.join(' · ')),
    one.drifted && one.reasons.length > 0 ? h('span', {}, `because of ${one.reasons.join(', ')}`) : undefined,
  );
}

function card(feature: FeatureProfile): HTMLElement {
  const shown = profile;
  const reference = drift?.reference.features.find(({ name }) => name === feature.name);
  const movedBy = drift?.drift.find(({ name }) => name === feature.name);
  const why = drift?.notCompared.find(({ name }) => name === feature.name)?.why;
  const title = plain(feature.name, 80);
  const isTime = feature.kind === 'time';
  const same = reference?.kind === feature.kind ? reference : undefined;
  const broken = shown?.expectations.filter((one) => one.feature === feature.name && !one.passed) ?? [];
  return h(
    'article',
    { class: 'card feature', 'aria-label': title },
    h('h2', {}, title, h('span', { class: 'dim type' }, plain(feature.type, 40).toLowerCase())),
    feature.description === undefined ? undefined : h('p', { class: 'dim' }, plain(feature.description, 300)),
    ...broken.map((one) =>
      h(
        'p',
        { class: 'broken' },
        icon('warning'),
        `${plain(one.text, 200)}${one.detail === undefined ? '' : ` (${plain(one.detail, 200)})`}`,
      ),
    ),
    moved(movedBy, why),
    facts(feature, same),
    h(
      'div',
      { class: 'plots' },
      feature.numbers === undefined ? undefined : histogram(title, feature.numbers, isTime),
      movedBy !== undefined
        ? driftShares(movedBy.bins)
        : feature.top === undefined || feature.top.length === 0
          ? undefined
          : topValues(feature),
      shown?.time === undefined ? undefined : overTime(feature, shown.time),
    ),
    quantiles(feature),
  );
}

function versions(shown: ViewProfile): HTMLElement | undefined {
  const others = shown.versions.filter((version) => version !== shown.version.version);
  if (others.length === 0) return undefined;
  const select = h('select', { id: 'against', 'data-key': 'against' });
  select.append(
    h('option', { value: '' }, 'nothing'),
    ...others.map((version) => h('option', { value: version }, `version ${version}`)),
  );
  select.value = comparing === undefined ? '' : String(comparing);
  on(select, 'change', (_, live) => {
    comparing = live.value === '' ? undefined : Number(live.value);
    drift = undefined;
    problem = undefined;
    host.remember('against', comparing);
    host.send({ type: 'compare', version: comparing });
  });
  return h('label', { for: 'against' }, 'Compare with', select);
}

function state({ freshness, reason }: ViewProfile): HTMLElement | undefined {
  if (freshness === 'fresh' || freshness === 'unknown') return undefined;
  return h(
    'p',
    { class: `note ${freshness}` },
    icon(freshness === 'failed' ? 'error' : 'history'),
    freshness === 'failed' ? 'The last try failed' : 'Stale',
    reason === undefined ? '.' : `: ${plain(reason, 400)}`,
  );
}

function summary(shown: ViewProfile): HTMLElement {
  const { version, time } = shown;
  const parts = [
    `version ${version.version}`,
    `${version.rows.toLocaleString('en-US')} ${version.rows === 1 ? 'row' : 'rows'}`,
    bytes(version.bytes),
    `made ${ago(version.at, Date.now())}`,
    time === undefined ? undefined : `${time.from.slice(0, 10)} to ${time.to.slice(0, 10)}`,
  ];
  return h('p', { class: 'dim' }, parts.filter((part) => part !== undefined).join(' · '));
}

function comparison(): HTMLElement | undefined {
  if (problem !== undefined) return h('p', { class: 'error' }, icon('warning'), problem);
  if (drift === undefined) {
    return comparing === undefined
      ? undefined
      : h(
          'p',
          { class: 'note', role: 'status' },
          icon('loading', 'codicon-modifier-spin'),
          `Comparing with version ${comparing}…`,
        );
  }
  const count = drift.drift.filter(({ drifted }) => drifted).length;
  const words =
    count === 0
      ? 'No feature has drifted'
      : `${count} of ${drift.drift.length} features ${count === 1 ? 'has' : 'have'} drifted`;
  return h(
    'p',
    { class: `note ${count === 0 ? 'steady' : 'drifted'}`, role: 'status' },
    icon(count === 0 ? 'pass' : 'warning'),
    `${words} since version ${drift.reference.version.version}, made ${ago(drift.reference.version.at, Date.now())}.`,
    h(
      'span',
      { class: 'dim legend' },
      h('span', { class: 'swatch' }),
      `version ${drift.reference.version.version}`,
    ),
  );
}

const list = whole(h('div', { class: 'features' }));

function drawList(): void {
  if (profile === undefined) return;
  const wanted = search.trim().toLowerCase();
  const drifted = new Map(
    drift?.drift.map((one) => [one.name, one.drifted ? (one.psi ?? one.jensenShannon ?? 1) : -1]),
  );
  const features = profile.features
    .filter(({ name, description }) => `${name} ${description ?? ''}`.toLowerCase().includes(wanted))
    .toSorted((a, b) => (drifted.get(b.name) ?? -1) - (drifted.get(a.name) ?? -1));
  replace(
    list,
    ...features.map(card),
    features.length > 0
      ? undefined
      : h(
          'p',
          { class: 'dim' },
          profile.features.length === 0
            ? 'No statistics were kept of this version.'
            : 'No feature is called like that.',
        ),
  );
}

function draw(): void {
  const shown = profile;
  if (shown === undefined) return;
  const input = h('input', {
    type: 'search',
    class: 'search',
    'data-key': 'search',
    placeholder: 'Filter features',
    'aria-label': 'Filter features',
  });
  input.value = search;
  on(input, 'input', (_, live) => {
    search = live.value;
    drawList();
  });
  const own = shown.expectations.filter((one) => one.feature === undefined && !one.passed);
  replace(
    root,
    h(
      'div',
      { class: 'bar' },
      h('h1', {}, plain(shown.view, 80)),
      h('span', { class: 'grow' }),
      versions(shown),
      shown.features.length > 4 ? input : undefined,
      button('table', 'Preview', () => host.send({ type: 'preview' })),
      canRun ? button('play', 'Materialize', () => host.send({ type: 'materialize' })) : undefined,
    ),
    shown.description === undefined ? undefined : h('p', {}, plain(shown.description, 400)),
    summary(shown),
    state(shown),
    ...own.map((one) => h('p', { class: 'broken' }, icon('warning'), plain(one.text, 200))),
    comparison(),
    list,
  );
  drawList();
}

const host = connect<ToProfile, FromProfile>((message) => {
  switch (message.type) {
    case 'profile': {
      const first = profile === undefined;
      profile = message.profile;
      canRun = message.canRun;
      const kept = host.recall('against');
      if (first && comparing === undefined && typeof kept === 'number' && profile.versions.includes(kept)) {
        comparing = kept;
        host.send({ type: 'compare', version: kept });
      }
      break;
    }
    case 'comparing':
      comparing = message.version;
      host.remember('against', comparing);
      break;
    case 'drift':
      drift = message.drift;
      problem = undefined;
      break;
    case 'problem':
      problem = message.message;
      break;
    case 'missing':
      replace(root, h('p', { class: 'error' }, icon('warning'), message.message));
      return;
  }
  draw();
});
