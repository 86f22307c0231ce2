/** Fills the `${…}` of texts. */
import type { ScalarNode, Span, SyntaxNode } from '../../../../syntax/tree.js';
import { flagsOf } from '../command-flags.js';
import type { Context } from './context.js';
import type { Tell } from '../load.js';
import { placeholdersIn, spanOf, unescaped } from './template.js';
import type { Placeholder } from './template.js';
import { inText, isList, isMapping, scalarValue, typeOf, Unsupported } from './values.js';
import type { Value } from './values.js';

export class Filler {
  readonly #text: string;
  readonly #tell: Tell;

  /** @param text of the file */
  constructor(text: string, tell: Tell) {
    this.#text = text;
    this.#tell = tell;
  }

  /** @param key of the stage, which says what may be put in; absent: anything may. @returns `undefined` where something can't be filled */
  fill(node: SyntaxNode | null, context: Context, key: string | undefined): Value | undefined {
    if (node === null) return null;
    if (node.kind === 'scalar') return this.scalar(node, context, key);
    if (node.kind === 'sequence') {
      const items = node.items.map((item) => this.fill(item, context, key));
      return items.includes(undefined) ? undefined : (items as Value[]);
    }
    const entries = node.entries.map((entry) => {
      const name = this.scalar(entry.key, context, key);
      const value = this.fill(entry.value, context, key);
      return name === undefined || value === undefined || isList(name) || isMapping(name)
        ? undefined
        : ([name, value] as const);
    });
    return entries.includes(undefined) ? undefined : new Map(entries.filter((one) => one !== undefined));
  }

  scalar(scalar: ScalarNode, context: Context, key: string | undefined): Value | undefined {
    const { text } = scalar;
    const found = placeholdersIn(text);
    if (found.length === 0) return plainValue(scalar);
    const values = found.map((one) => this.#select(scalar, one, context));
    if (values.includes(undefined)) return undefined;
    const whole = isWhole(text, found);
    let filled = '';
    let at = 0;
    for (const [index, one] of found.entries()) {
      const value = values[index];
      if (value === undefined) return undefined;
      const put = this.#put(scalar, one, value, key, whole);
      if (put === undefined || whole) return put === undefined ? undefined : value;
      filled += text.slice(at, one.start) + put;
      at = one.end;
    }
    return unescaped(filled + text.slice(at));
  }

  #select(scalar: ScalarNode, one: Placeholder, context: Context): Value | undefined {
    const span = (): Span => spanOf(scalar, this.#text, one);
    if (one.path === undefined) {
      this.#tell(
        span(),
        `DVC can’t read \`\${${one.inner}}\`: names and indexes are all it knows, \`\${a.b[0]}\`.`,
      );
      return undefined;
    }
    const selected = context.select(one.path);
    if (selected !== undefined) return selected.value;
    if (!context.open)
      this.#tell(
        span(),
        `There is no value \`${one.inner}\` for DVC to put in. For the text itself, or a variable of the shell, write \`\\\${${one.inner}}\`.`,
      );
    return undefined;
  }

  /** What is put into a text; `undefined` where that can't be. */
  #put(
    scalar: ScalarNode,
    one: Placeholder,
    value: Value,
    key: string | undefined,
    whole: boolean,
  ): string | undefined {
    if (!isList(value) && !isMapping(value)) return inText(value);
    if (key === undefined || key.includes('foreach')) return '';
    let message = `\`${one.inner}\` is a ${typeOf(value)}, which DVC can’t put in here.`;
    if (key === 'cmd' && isMapping(value)) {
      const flags = flagsOf(value);
      if ('text' in flags) return flags.text;
      if (whole) return '';
      message = `\`${one.inner}.${flags.nested}\` holds a list or a map in a list, which DVC can’t make flags of.`;
    }
    this.#tell(spanOf(scalar, this.#text, one), message);
    return undefined;
  }
}

/** Whether a text is nothing but one placeholder: then its value keeps its type. */
export function isWhole(text: string, [first, ...others]: readonly Placeholder[]): boolean {
  return first !== undefined && others.length === 0 && first.start === 0 && first.end === text.length;
}

/** A date stays as it is written: only values that are put in have to be others. */
function plainValue(scalar: ScalarNode): Value {
  try {
    const value = scalarValue(scalar);
    return typeof value === 'string' ? unescaped(value) : value;
  } catch (error) {
    if (error instanceof Unsupported) return scalar.text;
    throw error;
  }
}
