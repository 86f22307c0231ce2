/**
 * MLflow's filters: comparisons joined by AND. What can be compared with what is said by a table of the thing that is
 * searched (`Subject`); here is the grammar alone. Takes linear time.
 */
import { invalid } from '../wire/wire.js';

/** `metrics`, `params` …: what stands before the dot. */
export type Entity = 'metric' | 'param' | 'tag' | 'attribute' | 'dataset';

export type Operator =
  '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'ILIKE' | 'IN' | 'NOT IN' | 'IS NULL' | 'IS NOT NULL';

export interface Comparison {
  readonly entity: Entity;
  readonly key: string;
  readonly operator: Operator;
  /** A number as it is written, a text, or several; nothing for `IS NULL`. */
  readonly value: Value | readonly Value[] | undefined;
}

export interface Value {
  readonly kind: 'number' | 'text';
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, Entity>> = {
  metric: 'metric',
  metrics: 'metric',
  param: 'param',
  params: 'param',
  parameter: 'param',
  parameters: 'param',
  tag: 'tag',
  tags: 'tag',
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
  dataset: 'dataset',
  datasets: 'dataset',
};

type Token =
  | { readonly kind: 'word' | 'quoted' | 'number'; readonly text: string; readonly end: number }
  /** In backticks or double quotes where a key may stand. */
  | { readonly kind: 'name'; readonly text: string; readonly end: number }
  | { readonly kind: 'sign'; readonly text: string; readonly end: number };

const TOKEN =
  /\s*(?:(?<sign>!=|<=|>=|=|<|>|\(|\)|,)|'(?<single>[^']*)'|"(?<double>[^"]*)"|`(?<tick>[^`]*)`|(?<number>-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|(?<word>[^\s'"`=!<>(),;]+))/y;

function refused(filter: string): Error {
  return invalid(`Invalid clause(s) in filter string: ${JSON.stringify(filter.slice(0, 200))}`);
}

function tokens(filter: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  const text = filter.trimEnd();
  while (TOKEN.lastIndex < text.length) {
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) throw refused(filter);
    const end = TOKEN.lastIndex;
    const { sign, single, double, tick, number, word } = groups;
    if (sign !== undefined) found.push({ kind: 'sign', text: sign, end });
    else if (single !== undefined) found.push({ kind: 'quoted', text: single, end });
    else if (double !== undefined) found.push({ kind: 'quoted', text: double, end });
    else if (tick !== undefined) found.push({ kind: 'name', text: tick, end });
    else if (number !== undefined) found.push({ kind: 'number', text: number, end });
    else found.push({ kind: 'word', text: word ?? '', end });
  }
  return found;
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #filter: string;
  #at = 0;

  constructor(filter: string) {
    this.#filter = filter;
    this.#tokens = tokens(filter);
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  refuse(): Error {
    return refused(this.#filter);
  }

  next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.refuse();
    return token;
  }

  /** Whether the next token is that word, in any case; then it is taken. */
  takes(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || !['word', 'sign'].includes(token.kind)) return false;
    if (token.text.toUpperCase() !== text) return false;
    this.#at += 1;
    return true;
  }

  /** What is compared: `metrics.loss`, ``tags.`a b` ``, `"Run name"`. */
  subject(): { readonly entity: Entity; readonly key: string } {
    const token = this.next();
    if (token.kind === 'quoted' || token.kind === 'name') return { entity: 'attribute', key: token.text };
    if (token.kind !== 'word') throw this.refuse();
    const dot = token.text.indexOf('.');
    if (dot === -1) return { entity: 'attribute', key: token.text };
    const entity = entityOf(token.text.slice(0, dot));
    const rest = token.text.slice(dot + 1);
    if (rest !== '') return { entity, key: rest };
    // The key is quoted, directly behind the dot.
    const key = this.next();
    if (key.kind !== 'name' && key.kind !== 'quoted') throw this.refuse();
    return { entity, key: key.text };
  }

  operator(): Operator {
    if (this.takes('IS')) {
      const not = this.takes('NOT');
      if (!this.takes('NULL')) throw this.refuse();
      return not ? 'IS NOT NULL' : 'IS NULL';
    }
    if (this.takes('NOT')) {
      if (!this.takes('IN')) throw this.refuse();
      return 'NOT IN';
    }
    for (const operator of ['=', '!=', '<=', '>=', '<', '>', 'LIKE', 'ILIKE', 'IN'] as const)
      if (this.takes(operator)) return operator;
    throw this.refuse();
  }

  value(): Value {
    const token = this.next();
    if (token.kind === 'number') return { kind: 'number', text: token.text };
    if (token.kind === 'quoted') return { kind: 'text', text: token.text };
    throw invalid(
      `Expected a quoted string value, or a number, in the filter string, and got ${JSON.stringify(token.text)}: ${JSON.stringify(this.#filter.slice(0, 200))}`,
    );
  }

  values(): readonly Value[] {
    if (!this.takes('(')) throw this.refuse();
    const all = [this.value()];
    while (this.takes(',')) all.push(this.value());
    if (!this.takes(')')) throw this.refuse();
    return all;
  }
}

/** @throws WireError for what is no entity */
export function entityOf(word: string): Entity {
  const known = word.toLowerCase();
  const entity = Object.hasOwn(ENTITIES, known) ? ENTITIES[known] : undefined;
  if (entity !== undefined) return entity;
  throw invalid(
    `Invalid entity type ${JSON.stringify(word.slice(0, 80))} in the filter or order. Valid: metric, parameter, tag, attribute, dataset.`,
  );
}

/** @throws WireError where it is no filter of MLflow's */
export function parseFilter(filter: string | undefined): readonly Comparison[] {
  if (filter === undefined || filter === '') return [];
  if (filter.trim() === '') throw invalid(`Filter ${JSON.stringify(filter)} could not be parsed.`);
  const reader = new Reader(filter);
  const comparisons: Comparison[] = [];
  do {
    const { entity, key } = reader.subject();
    const operator = reader.operator();
    const value =
      operator === 'IS NULL' || operator === 'IS NOT NULL'
        ? undefined
        : operator === 'IN' || operator === 'NOT IN'
          ? reader.values()
          : reader.value();
    comparisons.push({ entity, key, operator, value });
  } while (reader.takes('AND'));
  if (!reader.done) throw reader.refuse();
  return comparisons;
}

export interface Order {
  readonly entity: Entity;
  readonly key: string;
  readonly ascending: boolean;
}

/** One item of `order_by`: `metrics.loss DESC`. @throws WireError */
export function parseOrder(item: string): Order {
  const reader = new Reader(item);
  const { entity, key } = reader.subject();
  const descending = reader.takes('DESC');
  if (!descending) reader.takes('ASC');
  if (!reader.done) throw invalid(`Invalid order_by clause ${JSON.stringify(item.slice(0, 200))}.`);
  return { entity, key, ascending: !descending };
}

/** SQL's LIKE: `%` is any text, `_` any character. Never more than the product of the two lengths. */
export function isLike(value: string, pattern: string): boolean {
  let [at, in_] = [0, 0];
  let [star, mark] = [-1, 0];
  while (at < value.length) {
    const want = pattern[in_];
    if (want === '%') {
      star = in_++;
      mark = at;
    } else if (want === '_' || want === value[at]) {
      at += 1;
      in_ += 1;
    } else if (star !== -1) {
      in_ = star + 1;
      at = ++mark;
    } else return false;
  }
  while (pattern[in_] === '%') in_ += 1;
  return in_ === pattern.length;
}
