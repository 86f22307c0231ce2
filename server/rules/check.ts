/** Runs rules over one definition. */
import type { Definition } from '../definition/read/analyze.js';
import type { Span } from '../syntax/tree.js';
import { isRuleId } from './ids.js';
import { pipelineOf, projectGraph, typeSites } from './context.js';
import type {
  Directive,
  Finding,
  FindingSeverity,
  ProjectView,
  Report,
  Rule,
  RuleContext,
  TypedSite,
} from './rule.js';
import { Suppressions } from './suppression.js';

const UNKNOWN_KEY = 'schema/unknown-key';

const LOUDNESS: readonly FindingSeverity[] = ['error', 'warning', 'info', 'hint'];

/** Messages quote the text, and the text can be anything. */
const MAX_MESSAGE = 1000;

/** Nobody reads on, and an editor that is sent thousands of them stands still. */
const MAX_PER_RULE = 500;

/** A rule has found so much that nobody looks for more: it is ended where it is. */
const ENOUGH = new Error('enough');

/** Where keys stand that are meant for others, by what they are likely meant for, in the order of the text. */
function slipsOf({ problems }: Definition): Map<string, Span[]> {
  const slips = new Map<string, Span[]>();
  for (const { code, span, candidates } of problems) {
    const key = code === 'unknown-key' ? candidates?.[0] : undefined;
    if (key === undefined) continue;
    const spans = slips.get(key);
    if (spans === undefined) slips.set(key, [span]);
    else spans.push(span);
  }
  return slips;
}

/** The first of sorted spans that begins at an offset or after it. */
function firstFrom(spans: readonly Span[], offset: number): number {
  let low = 0;
  for (let high = spans.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.start ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What the rules find in a definition, suppressions and severities applied, in the order of the text, each once. */
export function* runRules(
  rules: readonly Rule[],
  definition: Definition,
  project: ProjectView,
): Generator<void, Finding[]> {
  const { tree, path } = definition;
  const pipeline = pipelineOf(definition);
  const suppressions = new Suppressions(tree);
  const broken = tree.problems.some((problem) => problem.code === 'yaml');
  // Where the slip itself is no error, what follows from it has to be said.
  const misspeltAlone = (project.severities.get(UNKNOWN_KEY) ?? 'error') === 'error';
  const ran = new Set<string>();
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const counts = new Map<Rule, number>();
  let typed: readonly TypedSite[] | undefined;

  let slips: Map<string, Span[]> | undefined;
  const misspelt = (key: string, within: Span = { start: 0, end: tree.text.length }): boolean => {
    if (!misspeltAlone) return false;
    const spans = (slips ??= slipsOf(definition)).get(key) ?? [];
    // Sorted: a file of thousands of slips is asked thousands of times.
    for (let at = firstFrom(spans, within.start); (spans[at]?.start ?? within.end) < within.end; at++) {
      const span = spans[at];
      if (span === undefined) break;
      if (span.end <= within.end && !suppressions.covers(UNKNOWN_KEY, span.start)) return true;
    }
    return false;
  };
  const add = (rule: Rule, chosen: FindingSeverity | undefined, { lacks, ...report }: Report) => {
    if (suppressions.covers(rule.id, report.span.start)) return;
    // One slip of the pen, one finding: the rest follows from it.
    if (lacks?.keys.some((key) => misspelt(key, lacks.within)) === true) return;
    const message =
      report.message.length > MAX_MESSAGE ? `${report.message.slice(0, MAX_MESSAGE)}…` : report.message;
    const key = `${rule.id} ${report.span.start} ${report.span.end} ${message}`;
    if (seen.has(key)) return;
    seen.add(key);
    const told = (counts.get(rule) ?? 0) + 1;
    counts.set(rule, told);
    if (told > MAX_PER_RULE) throw ENOUGH;
    const severity = chosen ?? report.severity ?? rule.severity;
    findings.push({ rule: rule.id, path, related: [], fixes: [], ...report, message, severity });
  };
  const shared: Omit<RuleContext, 'report'> = {
    definition,
    project,
    pipeline,
    graph: () => {
      if (pipeline === undefined) throw new TypeError(`${path} is not a pipeline and has no graph`);
      return projectGraph(pipeline, project);
    },
    typing: () => (typed ??= pipeline === undefined ? [] : typeSites(pipeline, project)),
    // A rule that did not run could not use its suppressions.
    idleDirectives: (): Directive[] =>
      suppressions.idle().filter((directive) => ran.has(directive.id) || !isRuleId(directive.id)),
  };

  for (const rule of rules) {
    const chosen = project.severities.get(rule.id);
    if (chosen === 'off' || (broken && rule.needsWholeText === true)) continue;
    try {
      rule.check({ ...shared, report: (report) => add(rule, chosen, report) });
      ran.add(rule.id);
    } catch (error) {
      if (error !== ENOUGH) throw error;
    }
    yield;
  }
  return findings.sort(
    (a, b) =>
      a.span.start - b.span.start ||
      LOUDNESS.indexOf(a.severity) - LOUDNESS.indexOf(b.severity) ||
      a.span.end - b.span.end,
  );
}
