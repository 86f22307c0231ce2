/** A service over time: how it is, what its traffic is like, what changed, and how far its requests are from training. */
import { alertsOf, headOf, type HeadActions } from './parts/service/head.js';
import { driftSection } from './parts/service/drift.js';
import { button, checkbox, h, icon } from './parts/dom.js';
import { connect } from './parts/host.js';
import { on, replace } from './parts/patch.js';
import { changes, metricsTable } from './parts/metrics-table.js';
import { TimeFrame, chartWidth, timeChart } from './parts/charts/time-chart.js';
import { ago } from '../../server/base/format.js';
import type { FromService, ToService } from './shared/messages/service.js';
import { hasCanary } from './shared/service-state.js';
import { chartsOf, figuresOf, noticesOf, releasesApart, WINDOWS } from './shared/service-view.js';

const root = document.getElementById('root') ?? document.body;

type Shown = Extract<ToService, { type: 'service' }>;

let shown: Shown | undefined;
let frame: TimeFrame | undefined;
let asTable = false;
/** Newer measurements have come than are drawn. */
let late = false;
/** What the person said; absent: apart while a canary is on trial. */
let apart: boolean | undefined;

const actions: HeadActions = {
  order: (order) => host.send({ type: 'order', order }),
  openBrowser: () => host.send({ type: 'openBrowser' }),
  openLog: () => host.send({ type: 'openLog' }),
  openRule: (rule) => host.send({ type: 'openRule', rule }),
  openVersion: (model, version) => host.send({ type: 'openVersion', model, version }),
  openRun: (id) => host.send({ type: 'openRun', id }),
};

function windows({ windowMs }: Shown): HTMLElement {
  const group = h('span', { class: 'group windows', role: 'radiogroup', 'aria-label': 'Window' });
  const choose = (live: Element, index: number): void => {
    const wanted = WINDOWS[index];
    if (wanted === undefined) return;
    host.remember('window', wanted.ms);
    host.send({ type: 'window', windowMs: wanted.ms });
    // At once, before the answer: the next arrow key goes on from here.
    if (shown !== undefined) shown = { ...shown, windowMs: wanted.ms };
    [...(live.parentElement?.children ?? [])].forEach((child, at) => {
      child.setAttribute('aria-checked', String(at === index));
      child.setAttribute('tabindex', at === index ? '0' : '-1');
    });
  };
  WINDOWS.forEach(({ ms, label, words }, index) => {
    const chosen = ms === windowMs;
    const element = h(
      'button',
      {
        type: 'button',
        role: 'radio',
        class: 'secondary',
        'aria-checked': String(chosen),
        tabindex: chosen ? 0 : -1,
        title: words,
        'data-key': `window:${ms}`,
      },
      label,
    );
    on(element, 'click', (_, live) => choose(live, index));
    on(element, 'keydown', (event, live) => {
      const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      const next = by === undefined ? undefined : index + by;
      if (next === undefined || WINDOWS[next] === undefined) return;
      event.preventDefault();
      choose(live, next);
      (live.parentElement?.children[next] as HTMLElement | undefined)?.focus();
    });
    group.append(element);
  });
  return group;
}

function controls(view: Shown): HTMLElement {
  const { metrics, windowMs } = view;
  const several = releasesApart(metrics).length > 0;
  const toggle = button(asTable ? 'graph-line' : 'table', asTable ? 'Charts' : 'Table', () => {
    asTable = !asTable;
    host.remember('table', asTable);
    draw();
  });
  toggle.dataset['key'] = 'table-toggle';
  const words = WINDOWS.find(({ ms }) => ms === windowMs)?.words ?? 'the window';
  return h(
    'div',
    { class: 'bar controls' },
    windows(view),
    h('span', { class: 'dim' }, metrics.live ? `${words}, live` : `${words} that it was measured`),
    h('span', { class: 'grow' }),
    several && !asTable
      ? checkbox('apart', 'Releases apart', isApart(view), (checked) => {
          apart = checked;
          host.remember('apart', checked);
          draw();
        })
      : undefined,
    toggle,
  );
}

function isApart({ service }: Shown): boolean {
  return apart ?? hasCanary(service);
}

function figures({ metrics }: Shown): HTMLElement | undefined {
  const found = figuresOf(metrics);
  if (found.length === 0) return undefined;
  return h(
    'dl',
    { class: 'figures', 'aria-label': 'Figures of the whole window' },
    ...found.map(([name, value]) => h('div', {}, h('dt', { class: 'dim' }, name), h('dd', {}, value))),
  );
}

function contentWidth(): number {
  const { paddingLeft, paddingRight } = getComputedStyle(root);
  return root.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
}

/** What to do about there being no traffic. */
function tryIt({ metrics: { total, live }, canRun }: Shown): HTMLElement | undefined {
  if (!live || !canRun || total === undefined || total.requests > 0) return undefined;
  const send = button('rocket', 'Send Sample Request…', () => host.send({ type: 'sendSample' }));
  send.dataset['key'] = 'send-sample';
  return h('p', { class: 'note' }, icon('info'), h('span', {}, 'No requests in this window.'), send);
}

function draw(): void {
  const view = shown;
  if (view === undefined) return;
  const now = Date.now();
  const { service, metrics } = view;
  const [reading, source] = [frame?.at, frame?.source];
  late = false;
  const next = new TimeFrame({
    ...metrics,
    times: metrics.points.map(({ at }) => at),
    width: chartWidth(contentWidth()),
  });
  frame = next;
  const measured = metrics.points.length > 0;
  const scrolled = root.querySelector('.table-view')?.scrollTop ?? 0;
  replace(
    root,
    headOf(service, view.canRun, now, actions),
    ...noticesOf(metrics, service, now).map(({ icon: glyph, grave, text }) =>
      h('p', { class: grave ? 'error' : 'note' }, icon(glyph), h('span', {}, text)),
    ),
    alertsOf(service, metrics.rules, now, actions),
    controls(view),
    tryIt(view),
    measured ? figures(view) : undefined,
    !measured
      ? undefined
      : asTable
        ? metricsTable(metrics, next)
        : h(
            'div',
            { class: 'charts' },
            ...chartsOf(metrics, service, isApart(view)).map((one) => timeChart(one, next)),
          ),
    changes(metrics.marks),
    driftSection(metrics, next),
    measured
      ? h(
          'p',
          { class: 'dim foot' },
          `Measured last ${ago(new Date(next.times.at(-1) ?? now).toISOString(), now)}.`,
        )
      : undefined,
  );
  const table = root.querySelector('.table-view');
  if (table !== null) table.scrollTop = scrolled;
  if (reading !== undefined && next.times.includes(reading)) next.read(reading, source);
  else next.read(undefined);
  next.add((at) => {
    if (at === undefined && late) requestAnimationFrame(draw);
  });
}

/** Whether somebody reads by keyboard or selects: what is drawn anew then would be read out again, or be lost. */
function isBusy(): boolean {
  const reading = frame?.at !== undefined && document.activeElement instanceof SVGElement;
  return reading || window.getSelection()?.type === 'Range';
}

let resized = false;
window.addEventListener('resize', () => {
  if (resized) return;
  resized = true;
  requestAnimationFrame(() => {
    resized = false;
    draw();
  });
});

const host = connect<ToService, FromService>((message) => {
  if (message.type === 'missing') {
    shown = undefined;
    replace(root, h('p', { class: 'error' }, icon('warning'), message.message));
    return;
  }
  if (shown === undefined) {
    const [table, releases, windowMs] = [host.recall('table'), host.recall('apart'), host.recall('window')];
    if (typeof table === 'boolean') asTable = table;
    if (typeof releases === 'boolean') apart = releases;
    if (typeof windowMs === 'number' && windowMs !== message.windowMs)
      host.send({ type: 'window', windowMs });
  }
  const same = shown?.windowMs === message.windowMs;
  shown = message;
  if (same && isBusy()) late = true;
  else draw();
});
