/**
 * Walks a tree along its schema: finds what is wrong, with the exact span, and the expressions with the place where they
 * stand. The tree is never rejected as a whole; what is right is read all the same.
 */
import { defined } from '../../base/defined.js';
import { bareExpression } from '../../syntax/expressions/expression.js';
import { entryOf } from '../../syntax/text.js';
import type {
  MapEntry,
  MapNode,
  ScalarNode,
  Span,
  SyntaxNode,
  SyntaxProblem,
  SyntaxTree,
} from '../../syntax/tree.js';
import { isScript } from '../actions.js';
import type { ExpressionSite, StructuralProblem } from '../definition.js';
import { alternatives, didYouMean, similar } from '../names/names.js';
import type { Hint } from '../schema/hint.js';
import { expected } from '../schema/shape.js';
import type { MapShape, Shape } from '../schema/shape.js';
import { bestMap, capital, clip, freeKeys, nameRule, placeBelow, titleOf } from './maps.js';
import { checkScalar, foundWords } from './scalars.js';
import { namedInWords, unnamedPaths, withNames } from './unnamed.js';
import { yamlType } from './yaml-types.js';

export interface Structure {
  readonly problems: StructuralProblem[];
  readonly sites: ExpressionSite[];
  /** Mistakes in expressions that stand without `${{ }}`. */
  readonly syntax: SyntaxProblem[];
}

/** The problems of a tree, and of each unit of it (a task) its expressions. */
export interface CheckedTree extends Structure {
  readonly units: ReadonlyMap<SyntaxNode, Structure>;
}

/** A deeper tree than any definition; what lies below is not looked at. */
const MAX_DEPTH = 64;

/** Nodes that an incremental parse kept keep their results. */
const knownUnits = new WeakMap<SyntaxNode, Structure>();

export function checkTree(tree: SyntaxTree, shape: Shape): CheckedTree {
  const walker = new Walker(tree);
  const start: Span = { start: 0, end: Math.min(tree.text.length, tree.lineStarts[1] ?? tree.text.length) };
  const empty = tree.root === null || (tree.root.kind === 'scalar' && tree.root.value === null);
  // A file in which nothing stands yet says what an empty map says.
  const root = empty ? { kind: 'map' as const, span: start, flow: false, entries: [] } : tree.root;
  walker.node(root, shape, start, 'the file', 0);
  return { ...walker.current, units: walker.units };
}

/** Keys that begin so mean nothing to us, as in Compose and OpenAPI. */
const OWN_PREFIX = 'x-';

/** Whether a map's keys are ours to choose. Where they are names or columns, `x-a` is one like any other. */
function isClosed(map: MapShape): boolean {
  return map.named === undefined && map.hint.exact !== true;
}

class Walker {
  readonly units = new Map<SyntaxNode, Structure>();
  current: Structure = { problems: [], sites: [], syntax: [] };
  private readonly tree: SyntaxTree;
  /** Aliases let a short text stand for a tree without bounds. */
  private budget: number;

  constructor(tree: SyntaxTree) {
    this.tree = tree;
    this.budget = 10_000 + tree.text.length * 4;
  }

  /** @param at where to point when the node is missing; @param label what the node is, in a message. */
  node(node: SyntaxNode | null, shape: Shape, at: Span, label: string, depth: number): void {
    if (depth > MAX_DEPTH || --this.budget < 0) return;
    if (this.unnamed(node, shape, at, depth)) return;
    if (node === null || (node.kind === 'scalar' && node.value === null)) {
      this.missing(node, shape, at, label);
      return;
    }
    switch (node.kind) {
      case 'scalar':
        this.scalar(node, shape);
        return;
      case 'sequence': {
        const [sequence] = shape.sequences;
        if (sequence === undefined) {
          if (shape.any) this.anything(node, shape.hint, depth);
          else this.wrongKind(node, shape, at, label);
          return;
        }
        if (node.items.length < sequence.minItems) {
          this.report(
            'value',
            node.span,
            `The list of ${label} needs at least ${sequence.minItems} item(s).`,
          );
        }
        for (const item of node.items)
          this.node(item, sequence.item, item?.span ?? node.span, 'an item', depth + 1);
        return;
      }
      case 'map': {
        const map = bestMap(node, shape.maps);
        if (map !== undefined) this.unit(node, map, at, label, depth);
        else if (shape.any) this.anything(node, shape.hint, depth);
        else this.wrongKind(node, shape, at, label);
      }
    }
  }

  /** Whether paths stand where a map of names and paths belongs, which is then told. */
  private unnamed(node: SyntaxNode | null, shape: Shape, at: Span, depth: number): boolean {
    if (node === null || node.kind === 'map') return false;
    const map = shape.maps.find(({ hint }) => hint.unnamed !== undefined);
    const what = map?.hint.unnamed;
    if (what === undefined) return false;
    const paths = unnamedPaths(node);
    if (paths.length === 0) return false;
    const replacement = withNames(this.tree, node, at.start, paths);
    this.current.problems.push({
      code: 'type',
      span: node.kind === 'scalar' ? node.span : at,
      message: `Each ${what} has a name: write \`${namedInWords(paths)}\`.`,
      ...(replacement === undefined ? {} : { replacement: { title: `Name the ${what}s`, ...replacement } }),
    });
    if (map?.named !== undefined) {
      for (const path of paths) this.node(path.node, map.named.shape, at, 'an item', depth + 1);
    }
    return true;
  }

  private missing(node: SyntaxNode | null, shape: Shape, at: Span, label: string): void {
    if (shape.any || shape.scalars.some((scalar) => scalar.type === 'null')) return;
    this.report(
      'type',
      node?.span ?? at,
      `Nothing is given for ${label}: expected ${expected(shape)}.`,
      'nothing',
    );
  }

  private wrongKind(node: SyntaxNode, shape: Shape, at: Span, label: string): void {
    // A long map or list is not underlined as a whole: its key is enough.
    const span = node.kind === 'scalar' || node.span.end - node.span.start < 80 ? node.span : at;
    this.report('type', span, `Expected ${expected(shape)} for ${label}, found ${foundWords(node)}.`);
  }

  private unit(node: MapNode, map: MapShape, at: Span, label: string, depth: number): void {
    if (map.hint.unit !== true) {
      this.map(node, map, at, label, depth);
      return;
    }
    let result = knownUnits.get(node);
    if (result === undefined) {
      const outer = this.current;
      result = { problems: [], sites: [], syntax: [] };
      this.current = result;
      this.map(node, map, at, label, depth);
      this.current = outer;
      if (this.budget >= 0) knownUnits.set(node, result);
    }
    this.units.set(node, result);
    this.current.problems.push(...result.problems);
    this.current.syntax.push(...result.syntax);
  }

  private map(node: MapNode, map: MapShape, at: Span, label: string, depth: number): void {
    const present = new Set<string>();
    let meantAction = false;
    let free: readonly string[] | undefined;
    for (const entry of node.entries) {
      const name = entry.key.text;
      present.add(name);
      const property = map.properties.get(name);
      // A place for anchors, in any map of ours: nobody reads it.
      if (property === undefined && name.startsWith(OWN_PREFIX) && isClosed(map)) continue;
      if (map.hint.exact === true && yamlType(entry.key) !== 'text') {
        this.report('type', entry.key.span, `Expected a text for the key, found ${foundWords(entry.key)}.`);
        continue;
      }
      if (property !== undefined) {
        this.entry(entry, property.shape, depth);
      } else if (map.named !== undefined) {
        if (map.named.pattern?.test(name) === false) this.badName(entry, map);
        this.entry(entry, map.named.shape, depth);
      } else {
        free ??= freeKeys(node, map);
        meantAction = this.unknownKey(entry, map, free) || meantAction;
      }
    }
    for (const name of map.required) {
      if (!present.has(name)) {
        this.report(
          'missing-key',
          at,
          `${capital(titleOf(map, label))} needs the key \`${name}\`.`,
          undefined,
          [name],
        );
      }
    }
    if (map.exactlyOne.length > 0) this.exactlyOne(node, map, at, label, meantAction);
  }

  private entry(entry: MapEntry, shape: Shape, depth: number): void {
    this.node(entry.value, shape, entry.key.span, `\`${clip(entry.key.text)}\``, depth + 1);
  }

  private badName(entry: MapEntry, map: MapShape): void {
    const name = entry.key.text;
    const fixed = [...map.properties.keys()];
    const meant = similar(name, fixed);
    this.report(
      'name',
      entry.key.span,
      `"${clip(name)}" cannot be a name here. ${nameRule(map)}${didYouMean(meant)}`,
      name,
      meant,
    );
  }

  /** @param free keys that are not there yet */
  private unknownKey(entry: MapEntry, map: MapShape, free: readonly string[]): boolean {
    const name = entry.key.text;
    const meant = similar(name, free);
    const known = free.length > 0 ? ` Known keys: ${alternatives(free, 30)}.` : '';
    const help = meant.length > 0 ? didYouMean(meant) : placeBelow(name, map) || known;
    const title = map.schema.title;
    const group =
      map.hint.param === 'long'
        ? ' In a group of params one that is called like a key of a param is written in full: `type: { default: … }`.'
        : '';
    const where =
      title === undefined ? '' : ` of ${/^[AEIOU]/.test(title) ? 'an' : 'a'} ${title.toLowerCase()}`;
    this.report(
      'unknown-key',
      entry.key.span,
      `\`${clip(name)}\` is not a key${where.replace('a modelyard', 'a Modelyard')}.${help}${meant.length > 0 ? '' : group}`,
      name,
      meant,
    );
    return meant.some((candidate) => map.exactlyOne.includes(candidate));
  }

  private exactlyOne(node: MapNode, map: MapShape, at: Span, label: string, meant: boolean): void {
    const found = node.entries.filter((entry) => map.exactlyOne.includes(entry.key.text));
    const [first, ...others] = found;
    if (first === undefined) {
      if (meant) return;
      const list = alternatives(map.exactlyOne, 20);
      this.report(
        'one-action',
        at,
        `${capital(label)} does nothing: it needs exactly one action: ${list}.`,
        undefined,
        map.exactlyOne,
      );
    }
    this.autoInputs(node, found);
    for (const other of others) {
      if (other.key.text === first?.key.text) continue;
      this.report(
        'one-action',
        other.key.span,
        `A task has exactly one action, and ${label} has \`${first?.key.text ?? ''}\` already. Make \`${other.key.text}\` a task of its own.`,
        other.key.text,
      );
    }
  }

  /** Only what Python opens can be seen. */
  private autoInputs(task: MapNode, actions: readonly MapEntry[]): void {
    const inputs = entryOf(task, 'inputs')?.value;
    if (inputs?.kind !== 'scalar' || inputs.value !== 'auto') return;
    if (actions.length === 0 || actions.some(({ key }) => isScript(key.text))) return;
    const message = '`inputs: auto` is for tasks that run commands or a notebook: name the files.';
    this.report('value', inputs.span, message);
  }

  private scalar(node: ScalarNode, shape: Shape): void {
    const outcome = checkScalar(node, shape);
    if (outcome.problem !== undefined) this.current.problems.push(outcome.problem);
    if (outcome.hint?.place !== undefined) this.expressions(node, outcome.hint);
  }

  private expressions(node: ScalarNode, hint: Hint): void {
    const place = hint.place;
    if (place === undefined) return;
    if (node.template === undefined) {
      if (hint.bare !== true) return;
      const { part, problems } = bareExpression(node, this.tree.text);
      this.current.sites.push({ place, part, span: node.span, whole: true });
      this.current.syntax.push(...problems);
      return;
    }
    const parts = node.template.parts.filter(
      (part) => part.kind === 'expression' || hint.bare !== true || part.text.trim() !== '',
    );
    const whole = parts.length === 1;
    for (const part of parts) {
      if (part.kind === 'expression') this.current.sites.push({ place, part, span: node.span, whole });
    }
    if (hint.bare === true && !whole) {
      this.report(
        'value',
        node.span,
        'Text beside `${{ }}` makes this a text, which always counts as true. Write the whole condition inside one `${{ }}`, or without any.',
      );
    }
  }

  /** A value of any shape: only its expressions matter. */
  private anything(node: SyntaxNode | null, hint: Hint, depth: number): void {
    if (node === null || depth > MAX_DEPTH || --this.budget < 0) return;
    if (node.kind === 'scalar') {
      if (hint.place !== undefined) this.expressions(node, hint);
      else if (node.template !== undefined && hint.prose !== true) {
        this.report('value', node.span, 'Expressions (`${{ … }}`) are not evaluated here.');
      }
    } else if (node.kind === 'sequence') {
      for (const item of node.items) this.anything(item, hint, depth + 1);
    } else {
      for (const entry of node.entries) this.anything(entry.value, hint, depth + 1);
    }
  }

  private report(
    code: StructuralProblem['code'],
    span: Span,
    message: string,
    found?: string,
    candidates?: readonly string[],
  ): void {
    this.current.problems.push({
      code,
      span,
      message,
      ...defined({ found }),
      ...(candidates === undefined || candidates.length === 0 ? {} : { candidates }),
    });
  }
}
