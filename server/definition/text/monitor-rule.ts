/** Rules of monitors: `p95 < 200ms`, `error-rate < 1%`, `drift.rain_7d < 0.2`. */
import { alternatives, didYouMean, similar } from '../names/names.js';
import { parseBytes, parseDuration } from './units.js';

interface MeasureInfo {
  readonly name: string;
  readonly doc: string;
  readonly example: string;
  /** `share`: a percentage or a number from 0 to 1. */
  readonly unit: 'duration' | 'rate' | 'share' | 'count' | 'bytes' | 'score';
  /** It is of one feature, which is named behind a dot. */
  readonly feature?: true;
}

/** What a service host measures. */
export const MEASURES = [
  { name: 'p50', doc: 'The median latency of requests.', example: 'p50 < 50ms', unit: 'duration' },
  {
    name: 'p95',
    doc: 'The latency that 95 % of requests stay below.',
    example: 'p95 < 200ms',
    unit: 'duration',
  },
  {
    name: 'p99',
    doc: 'The latency that 99 % of requests stay below.',
    example: 'p99 < 1s',
    unit: 'duration',
  },
  { name: 'rate', doc: 'Requests a second.', example: 'rate > 1', unit: 'rate' },
  {
    name: 'error-rate',
    doc: 'The share of requests that were answered with 5xx, or not at all.',
    example: 'error-rate < 1%',
    unit: 'share',
  },
  {
    name: 'availability',
    doc: 'The share of the time in which the service was ready.',
    example: 'availability > 99.9%',
    unit: 'share',
  },
  {
    name: 'restarts',
    doc: 'How often its processes were started again.',
    example: 'restarts < 3',
    unit: 'count',
  },
  { name: 'memory', doc: 'The memory of its processes.', example: 'memory < 512MiB', unit: 'bytes' },
  {
    name: 'drift',
    doc: 'How far the values of a feature in requests are from those that the model was trained on (PSI, missing values included).',
    example: 'drift.rain_7d < 0.2',
    unit: 'score',
    feature: true,
  },
  {
    name: 'ks',
    doc: 'The same of numbers as the largest distance of the two distributions (Kolmogorov–Smirnov).',
    example: 'ks.rain_7d < 0.1',
    unit: 'score',
    feature: true,
  },
  {
    name: 'js',
    doc: 'The same of categories as the distance of the two distributions, from 0 to 1 (Jensen–Shannon).',
    example: 'js.sky < 0.1',
    unit: 'score',
    feature: true,
  },
  {
    name: 'nulls',
    doc: 'The share of requests in which a feature is there without a value.',
    example: 'nulls.rain_7d < 5%',
    unit: 'share',
    feature: true,
  },
  {
    name: 'missing',
    doc: 'The share of requests in which a feature is not there at all.',
    example: 'missing.rain_7d < 1%',
    unit: 'share',
    feature: true,
  },
] as const satisfies readonly MeasureInfo[];

/** Measures of one feature. */
export function isFeatureMeasure(name: string): boolean {
  return MEASURES.some((measure) => measure.name === name && 'feature' in measure);
}

export type Measure = (typeof MEASURES)[number]['name'];

export const OPERATORS = ['<', '<=', '>', '>='] as const;

export interface ParsedMonitorRule {
  readonly measure: Measure;
  /** Of `drift` and its like: the feature. */
  readonly feature?: string;
  readonly operator: (typeof OPERATORS)[number];
  /** Milliseconds, requests a second, a share from 0 to 1, a count, bytes, or a score. */
  readonly bound: number;
}

export type MonitorRuleResult =
  | { readonly ok: true; readonly rule: ParsedMonitorRule }
  | {
      readonly ok: false;
      readonly message: string;
      /** What is wrong, in the text. */
      readonly start: number;
      readonly end: number;
      /** Words that may have been meant instead, the most likely first. */
      readonly candidates: readonly string[];
    };

const RULE = /^\s*([A-Za-z0-9_.-]+)\s*(<=|>=|<|>)\s*(\S(?:.*\S)?)\s*$/s;
const EXAMPLE = 'Write a measure, a comparison and a bound, such as p95 < 200ms or error-rate < 1%.';

/** Reads a rule that holds no expression. */
export function parseMonitorRule(text: string): MonitorRuleResult {
  const match = RULE.exec(text);
  const [, word = '', operator = '', bound = ''] = match ?? [];
  if (match === null) {
    const end = text.trimEnd().length;
    return { ok: false, message: `This is not a rule. ${EXAMPLE}`, start: 0, end, candidates: [] };
  }
  const start = text.indexOf(word);
  const [name = '', ...rest] = word.split('.');
  const feature = rest.join('.');
  const info: MeasureInfo | undefined = MEASURES.find((measure) => measure.name === name);
  const wrong = (message: string, candidates: readonly string[] = []): MonitorRuleResult => ({
    ok: false,
    message,
    start,
    end: start + word.length,
    candidates,
  });
  if (info === undefined || (feature !== '' && info.feature === undefined)) {
    const names = MEASURES.map(({ name: measure }) =>
      isFeatureMeasure(measure) ? `${measure}.<feature>` : measure,
    );
    const candidates = similar(
      word,
      MEASURES.flatMap(({ name: measure }) => (isFeatureMeasure(measure) ? [] : [measure])),
    );
    const help = candidates.length > 0 ? didYouMean(candidates) : ` Expected one of ${alternatives(names)}.`;
    return wrong(`There is no measure "${word}".${help}`, candidates);
  }
  if (info.feature !== undefined && feature === '') {
    return wrong(`The ${name} of what? Name a feature, as in ${info.example}.`);
  }
  const value = boundOf(info, bound);
  if (typeof value === 'number') {
    const parsed = {
      measure: name as Measure,
      operator: operator as ParsedMonitorRule['operator'],
      bound: value,
    };
    return { ok: true, rule: feature === '' ? parsed : { ...parsed, feature } };
  }
  const at = text.lastIndexOf(bound);
  return { ok: false, message: value, start: at, end: at + bound.length, candidates: [] };
}

/** The bound in the unit of its measure, or what is wrong with it. */
function boundOf({ name, unit, example }: MeasureInfo, text: string): number | string {
  const number = /^(\d+(?:\.\d+)?)(%|\/s)?$/.exec(text);
  const amount = Number(number?.[1]);
  const suffix = number?.[2];
  const expected = `"${text}" is not a bound for ${name}: write it as in ${example}.`;
  switch (unit) {
    case 'duration': {
      const parsed = parseDuration(text);
      return parsed.ok ? parsed.value : expected;
    }
    case 'bytes': {
      const parsed = parseBytes(text);
      return parsed.ok ? parsed.value : expected;
    }
    case 'share': {
      const share = suffix === '%' ? amount / 100 : amount;
      return number !== null && suffix !== '/s' && share <= 1 ? share : expected;
    }
    case 'rate':
      return number !== null && suffix !== '%' ? amount : expected;
    case 'count':
      return number !== null && suffix === undefined && Number.isInteger(amount) ? amount : expected;
    case 'score':
      return number !== null && suffix === undefined ? amount : expected;
  }
}
