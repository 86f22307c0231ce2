/** What a materialized view and its features look like, in a few words and blocks. Markdown. */
import type { FeatureGlance, ViewState } from '../../definition/known/feature-facts.js';
import { ago, code, escapeMarkdown, metricValue } from './markdown.js';

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/** Wider than this, and a hover begins to scroll. */
const WIDTH = 24;
const TOP = 5;

/** `1,461 rows · materialized 2 hours ago · newest row 3 days old`, and why it is stale. */
export function freshness(state: ViewState, now: number): string {
  if (state.at === '') return [...notes(state)].join('\n\n');
  const parts = [
    `${state.rows.toLocaleString('en-US')} ${state.rows === 1 ? 'row' : 'rows'}`,
    `materialized ${ago(state.at, now)}`,
    state.newest === undefined
      ? ''
      : `newest of ${escapeMarkdown(state.newest.slice(0, 16).replace('T', ' '))}`,
  ];
  return [parts.filter((part) => part !== '').join(' · '), ...notes(state)].join('\n\n');
}

function* notes(state: ViewState): Generator<string> {
  if (state.stale !== undefined) {
    yield `**${state.at === '' ? 'Failed' : 'Stale'}**: ${escapeMarkdown(state.stale)}`;
  }
  for (const { message } of state.broken.slice(0, 3)) yield `**Broken**: ${escapeMarkdown(message)}`;
}

/** Null share and spread, as text. */
export function glanceMarkdown(glance: FeatureGlance): string {
  const lines: string[] = [];
  const nulls = glance.count === 0 ? 0 : glance.nulls / glance.count;
  const facts = [`${percent(nulls)} null`];
  if (glance.distinct !== undefined) facts.push(`${glance.distinct.toLocaleString('en-US')} distinct`);
  const { numbers } = glance;
  if (numbers !== undefined) {
    const show = (value: number): string => (glance.isTime === true ? moment(value) : metricValue(value));
    if (glance.isTime !== true) facts.push(`mean ${metricValue(numbers.mean)}`);
    lines.push(code(`${show(numbers.min)} ${sparkline(numbers.histogram)} ${show(numbers.max)}`));
  } else if (glance.top !== undefined && glance.top.length > 0) {
    const most = Math.max(1, ...glance.top.map(({ count }) => count));
    const rows = glance.top.slice(0, TOP).map(({ value, count }) => {
      const bar = '█'.repeat(Math.max(1, Math.round((count / most) * 12)));
      return `| ${code(value.slice(0, 40).replaceAll('|', '¦'))} | ${bar} ${count.toLocaleString('en-US')} |`;
    });
    lines.push(['| value | rows |', '|---|---|', ...rows].join('\n'));
  }
  return [facts.join(' · '), ...lines].join('\n\n');
}

/** A histogram as blocks; bins are put together where there are too many, and one that holds anything is seen. */
export function sparkline(counts: readonly number[]): string {
  const width = Math.ceil(counts.length / WIDTH);
  const bins: number[] = [];
  for (let at = 0; at < counts.length; at += Math.max(1, width)) {
    bins.push(counts.slice(at, at + width).reduce((sum, count) => sum + count, 0));
  }
  const most = Math.max(...bins, 1);
  return bins
    .map((count) => {
      if (count === 0) return ' ';
      return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor((count / most) * BLOCKS.length))] ?? ' ';
    })
    .join('');
}

export function percent(share: number): string {
  if (share === 0) return '0 %';
  return share < 0.001 ? '< 0.1 %' : `${Number((share * 100).toPrecision(2))} %`;
}

function moment(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().slice(0, 10);
}
