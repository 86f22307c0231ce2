/** Code actions: the fixes of findings, ways to silence a rule, its page, and all safe fixes at once. */
import { lineAt, lineBreakOf, nodePathAt } from '../../syntax/text.js';
import type { Span, SyntaxTree } from '../../syntax/tree.js';
import type { CodeAction, Edit, Finding, IdeContext } from '../types.js';

/** Actions for the findings that touch a range. */
export function codeActions(context: IdeContext, findings: readonly Finding[], range: Span): CodeAction[] {
  const here = findings.filter(({ span }) => span.start <= range.end && range.start <= span.end);
  const actions: CodeAction[] = [];
  for (const finding of here) {
    for (const fix of finding.fixes) {
      actions.push({
        title: fix.title,
        kind: 'fix',
        edits: fix.edits,
        preferred: fix.preferred,
        findings: [finding],
      });
    }
  }
  const seen = new Set<string>();
  for (const finding of here) {
    const { rule } = finding;
    const line = lineAt(context.definition.tree.lineStarts, finding.span.start);
    if (seen.has(`${rule} ${line}`)) continue;
    seen.add(`${rule} ${line}`);
    // Text that is no YAML can't be told from a comment's neighbour, and silence would only hide it.
    if (rule !== 'suppression/unused' && rule !== 'syntax/yaml') {
      actions.push(suppressLine(context, finding));
      actions.push(suppressFile(context, finding));
    }
    if (!seen.has(rule)) {
      seen.add(rule);
      actions.push({
        title: `Open the page of ${rule}`,
        kind: 'docs',
        edits: [],
        preferred: false,
        findings: [finding],
        command: { command: 'modelyard.openRule', rule },
      });
    }
  }
  const all = fixAll(context, findings);
  if (all.length > 0 && here.some((finding) => finding.fixes.some((fix) => fix.preferred))) {
    actions.push({
      title: 'Fix all that can be fixed safely',
      kind: 'fix-all',
      edits: all,
      preferred: false,
      findings,
    });
  }
  return actions;
}

/** The edits of all preferred fixes; of two that touch the same text only the first. */
export function fixAll(context: IdeContext, findings: readonly Finding[]): Edit[] {
  const taken: Edit[] = [];
  for (const finding of findings) {
    const fix = finding.fixes.find(({ preferred }) => preferred);
    if (fix === undefined || fix.edits.some(({ path }) => path !== context.definition.path)) continue;
    if (fix.edits.some((edit) => taken.some((other) => collide(edit, other)))) continue;
    taken.push(...fix.edits);
  }
  return taken.sort((left, right) => left.span.start - right.span.start);
}

function collide(left: Edit, right: Edit): boolean {
  return left.path === right.path && left.span.start <= right.span.end && right.span.start <= left.span.end;
}

function suppressLine(context: IdeContext, finding: Finding): CodeAction {
  const { tree, path } = context.definition;
  const line = commentableLine(tree, finding.span.start);
  const start = tree.lineStarts[line] ?? 0;
  const base = { kind: 'suppress' as const, preferred: false, findings: [finding] };
  const title = `Silence ${finding.rule} here`;
  const above = line === 0 ? undefined : commentOn(tree, line - 1, 'modelyard-disable-next-line');
  if (above !== undefined)
    return { ...base, title, edits: [{ path, span: above, newText: `, ${finding.rule}` }] };
  const indent = /^[ \t]*/.exec(tree.text.slice(start))?.[0] ?? '';
  const newText = `${indent}# modelyard-disable-next-line ${finding.rule}${lineBreakOf(tree)}`;
  return { ...base, title, edits: [{ path, span: { start, end: start }, newText }] };
}

/** A comment above a line inside a text of several lines would be part of the text: it goes above the whole. */
function commentableLine(tree: SyntaxTree, offset: number): number {
  const last = nodePathAt(tree, offset).at(-1);
  const node = last?.kind === 'item' ? last.node : last?.where === 'value' ? last.entry.value : undefined;
  const start = node?.kind === 'scalar' ? node.span.start : offset;
  return lineAt(tree.lineStarts, start);
}

function suppressFile(context: IdeContext, finding: Finding): CodeAction {
  const { tree, path } = context.definition;
  const base = { kind: 'suppress' as const, preferred: false, findings: [finding] };
  const title = `Silence ${finding.rule} in this file`;
  for (let line = 0; /^\s*#/.test(lineText(tree, line)); line++) {
    const end = commentOn(tree, line, 'modelyard-disable');
    if (end !== undefined)
      return { ...base, title, edits: [{ path, span: end, newText: `, ${finding.rule}` }] };
  }
  const newText = `# modelyard-disable ${finding.rule}${lineBreakOf(tree)}`;
  return { ...base, title, edits: [{ path, span: { start: 0, end: 0 }, newText }] };
}

function lineText(tree: SyntaxTree, line: number): string {
  const start = tree.lineStarts[line];
  return start === undefined ? '' : tree.text.slice(start, tree.lineStarts[line + 1]);
}

/** The end of the list of ids of a directive on a line. */
function commentOn(tree: SyntaxTree, line: number, directive: string): Span | undefined {
  const match = new RegExp(`^(\\s*#\\s*${directive}\\s+[\\w/-]+(?:\\s*,\\s*[\\w/-]+)*)(?:\\s|$)`).exec(
    lineText(tree, line),
  );
  if (match === null) return undefined;
  const end = (tree.lineStarts[line] ?? 0) + (match[1] ?? '').length;
  return { start: end, end };
}
