/** Text of a definition file → syntax tree. Any text gives a tree and problems, never a throw. */
import { runThrough } from '../base/runs/steps.js';
import { composing, duplicates, type Fragment } from './compose.js';
import { type Segment, segmentsOf } from './segments.js';
import { shiftFragment } from './shift.js';
import { MISSING_COLON } from './messages.js';
import { templateOf, type TemplateReader } from './expressions/template.js';
import { lineStartsOf } from './text.js';
import type {
  Comment,
  MapEntry,
  MapNode,
  ScalarNode,
  SyntaxNode,
  SyntaxProblem,
  SyntaxTree,
} from './tree.js';

/** Longer files are not read: far beyond any definition that a person or a generator would want to keep. */
export const SIZE_LIMIT = 4 * 1024 * 1024;
export const LINE_LIMIT = 200_000;

/** So many entries of a map are read in one step. */
const PIECES_A_STEP = 20;

interface Piece {
  readonly segment: Segment;
  /** In offsets of the file. */
  readonly fragment: Fragment;
}

interface Made {
  readonly template: TemplateReader;
  /** Absent: it was read as a whole. */
  readonly pieces?: readonly Piece[];
}

/** How a tree was made and what of, for the next version of its text. */
const madeBy = new WeakMap<SyntaxTree, Made>();

/**
 * Reads a text.
 *
 * @param previous The tree of an earlier version of the same file: parts whose text is the same are taken over. The
 *   result doesn't depend on it.
 * @param template Finds the expressions of scalars; left out: those of our own definitions.
 */
export function parseYaml(
  text: string,
  previous?: SyntaxTree,
  template: TemplateReader = templateOf,
): SyntaxTree {
  return runThrough(parsing(text, previous, template));
}

/** The same in steps, for who has others to answer in between. */
export function* parsing(
  text: string,
  previous: SyntaxTree | undefined,
  template: TemplateReader,
): Generator<void, SyntaxTree> {
  if (previous?.text === text && madeBy.get(previous)?.template === template) return previous;
  const lineStarts = lineStartsOf(text);
  if (text.length > SIZE_LIMIT || lineStarts.length > LINE_LIMIT) {
    const message = `This file is not read: it has more than ${SIZE_LIMIT / 1024 / 1024} MiB or ${LINE_LIMIT} lines. Split it.`;
    const span = { start: 0, end: Math.min(text.length, lineStarts[1] ?? 100, 100) };
    const problems: SyntaxProblem[] = [{ code: 'yaml', span, message }];
    return kept({ text, root: null, comments: [], problems, lineStarts }, { template });
  }
  const pieces = yield* readPieces(text, previous, template);
  if (pieces === undefined) {
    const { root, comments, problems } = yield* composing(text, template);
    return kept({ text, root, comments, problems: sorted(problems), lineStarts }, { template });
  }
  return kept({ text, ...assemble(pieces), lineStarts }, { template, pieces });
}

function kept(tree: SyntaxTree, made: Made): SyntaxTree {
  madeBy.set(tree, made);
  return tree;
}

/** Undefined when the text has to be read as a whole. */
function* readPieces(
  text: string,
  previous: SyntaxTree | undefined,
  template: TemplateReader,
): Generator<void, Piece[] | undefined> {
  const segments = segmentsOf(text);
  if (segments === undefined) return undefined;
  const old = reusable(previous, text, template);
  const pieces: Piece[] = [];
  let anchors = false;
  let aliases = false;
  for (const segment of segments) {
    const fragment = old(segment) ?? shiftFragment(yield* readPiece(text, segment, template), segment.start);
    anchors ||= fragment.anchors;
    aliases ||= fragment.aliases;
    if (fragment.entangled || (anchors && aliases) || !isBlockMap(fragment)) return undefined;
    pieces.push({ segment, fragment });
    if (pieces.length % PIECES_A_STEP === 0) yield;
  }
  return pieces;
}

/** A bare word is read as what it would be among its neighbours: a key that lacks its colon. */
function* readPiece(
  text: string,
  { start, end }: Segment,
  template: TemplateReader,
): Generator<void, Fragment> {
  const fragment = yield* composing(text.slice(start, end), template);
  const { root, problems } = fragment;
  if (root?.kind !== 'scalar' || root.style !== 'plain' || problems.length > 0) return fragment;
  const { span } = root;
  const entry = { key: root, value: null, span };
  return {
    ...fragment,
    root: { kind: 'map', span, flow: false, entries: [entry] },
    problems: [{ code: 'yaml', span, message: MISSING_COLON }],
  };
}

function isBlockMap(fragment: Fragment): boolean {
  return fragment.root?.kind === 'map' && !fragment.root.flow && fragment.root.entries.length > 0;
}

/** Finds the earlier reading of a segment: by its place, before or behind the part of the text that changed. */
function reusable(
  previous: SyntaxTree | undefined,
  text: string,
  template: TemplateReader,
): (segment: Segment) => Fragment | undefined {
  if (previous === undefined) return () => undefined;
  const made = madeBy.get(previous);
  if (made?.pieces === undefined || made.template !== template) return () => undefined;
  const byStart = new Map(made.pieces.map((piece) => [piece.segment.start, piece]));
  const prefix = commonPrefix(previous.text, text);
  const suffix = commonSuffix(previous.text, text, prefix);
  const delta = text.length - previous.text.length;
  return (segment) => {
    const before = segment.end <= prefix;
    if (!before && segment.start < text.length - suffix) return undefined;
    const by = before ? 0 : delta;
    const piece = byStart.get(segment.start - by);
    if (piece?.segment.end !== segment.end - by) return undefined;
    return shiftFragment(piece.fragment, by);
  };
}

const CHUNK = 4096;

function commonPrefix(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  let at = 0;
  while (at + CHUNK <= length && left.slice(at, at + CHUNK) === right.slice(at, at + CHUNK)) at += CHUNK;
  while (at < length && left.charCodeAt(at) === right.charCodeAt(at)) at++;
  return at;
}

/** Never overlaps the prefix, so that each character is counted once. */
function commonSuffix(left: string, right: string, prefix: number): number {
  const length = Math.min(left.length, right.length) - prefix;
  const tail = (text: string, at: number): string => text.slice(text.length - at - CHUNK, text.length - at);
  let at = 0;
  while (at + CHUNK <= length && tail(left, at) === tail(right, at)) at += CHUNK;
  while (at < length && left.charCodeAt(left.length - 1 - at) === right.charCodeAt(right.length - 1 - at))
    at++;
  return at;
}

function assemble(pieces: readonly Piece[]): Pick<SyntaxTree, 'root' | 'comments' | 'problems'> {
  const comments: Comment[] = [];
  const problems: SyntaxProblem[] = [];
  const roots: MapEntry[] = [];
  let header: ScalarNode | undefined;
  let children: MapEntry[] = [];
  const close = (): void => {
    if (header === undefined) return;
    const value = mapOf(children);
    problems.push(...duplicates(children));
    roots.push({ key: header, value, span: { start: header.span.start, end: value.span.end } });
    header = undefined;
  };
  for (const { segment, fragment } of pieces) {
    for (const comment of fragment.comments) comments.push(comment);
    for (const problem of fragment.problems) problems.push(problem);
    const entries = entriesOf(fragment.root);
    if (segment.kind === 'child') {
      for (const entry of entries) children.push(entry);
      continue;
    }
    close();
    if (segment.kind === 'header') {
      header = entries[0]?.key;
      children = [];
    } else {
      for (const entry of entries) roots.push(entry);
    }
  }
  close();
  problems.push(...duplicates(roots));
  return { root: mapOf(roots), comments, problems: sorted(problems) };
}

function entriesOf(node: SyntaxNode | null): readonly MapEntry[] {
  return node?.kind === 'map' ? node.entries : [];
}

function mapOf(entries: readonly MapEntry[]): MapNode {
  const span = { start: entries[0]?.span.start ?? 0, end: entries.at(-1)?.span.end ?? 0 };
  return { kind: 'map', span, flow: false, entries };
}

/** By place; of two at the same place the YAML one comes first. */
function sorted(problems: readonly SyntaxProblem[]): SyntaxProblem[] {
  return problems.toSorted(
    (left, right) => left.span.start - right.span.start || left.span.end - right.span.end,
  );
}
