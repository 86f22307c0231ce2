/** What a plain scalar is to YAML 1.1, as PyYAML reads it, and to the YAML 1.2 that definitions are written in. */
import { defined } from '../../base/defined.js';
import { compareNumbers, isNumber, jsonNumberText, numeral, toDouble } from '../../base/numeral.js';
import type { Numeral } from '../../base/numeral.js';

/** How a reader of YAML 1.1 takes a scalar that we take in another way. */
export interface OtherReading {
  /** What it is here: `the text "no"`, `the number 10`. */
  readonly here: string;
  /** What it is there: `false`, `the number 8`. */
  readonly there: string;
  /** How the other reading is written so that both agree, where there is a way. */
  readonly meant?: string;
  /** How our number is written so that both agree, where what is written says more than the number: `777` of `0777`. */
  readonly number?: string;
  /** How ours is written so that both agree: quoted, or as another number. */
  readonly kept: string;
  /** Everyday, and seldom a trap (`1e-4`, a text to PyYAML): worth a hint. */
  readonly minor?: true;
}

const TRUE = /^(?:yes|Yes|YES|on|On|ON|y|Y)$/;
const FALSE = /^(?:no|No|NO|off|Off|OFF|n|N)$/;
const INTEGER = /^[-+]?(?:0b[0-1_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])*)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const DATE =
  /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/;

/** How YAML 1.1 reads a plain scalar, where that is not how we read it; nothing where both agree. */
export function otherReading(text: string): OtherReading | undefined {
  const kept = `'${text}'`;
  if (TRUE.test(text) || FALSE.test(text)) {
    const meant = TRUE.test(text) ? 'true' : 'false';
    return { here: `the text "${text}", which is true in a condition`, there: meant, meant, kept };
  }
  if (DATE.test(text)) return { here: `the text "${text}"`, there: 'a date', kept };
  // A sign before `0x` is for expressions only.
  const ours = /^[-+]0[xo]|^0X/i.test(text) && !/^0[xo]/.test(text) ? undefined : numeral(text);
  const theirs = numberOf11(text);
  if (ours === undefined) {
    if (theirs === undefined) return undefined;
    const meant = typeof theirs === 'number' && !Number.isFinite(theirs) ? undefined : String(theirs);
    return {
      here: `the text "${text}"`,
      there: numberWords(theirs),
      ...defined({ meant }),
      kept,
    };
  }
  if (theirs === undefined) {
    const same = numberFor11(ours);
    const everyday = /^[^xo]*e/i.test(text) && Number.isFinite(toDouble(ours));
    return {
      here: `the number ${text}`,
      there: `the text "${text}"`,
      kept: same ?? kept,
      ...(everyday ? { minor: true } : {}),
    };
  }
  if (compareNumbers(ours, theirs) !== 0) {
    return {
      here: `the number ${decimal(ours)}`,
      there: numberWords(theirs),
      meant: String(theirs),
      number: decimal(ours),
      kept,
    };
  }
  if (!Number.isFinite(toDouble(ours))) {
    return { here: `the number ${text}`, there: 'infinite, as in every reader with doubles', kept };
  }
  // The value is the same, but JSON can't write it so, and with an 8 in it the readers part.
  if (/^[-+]?0\d/.test(text)) {
    return { here: `the number ${decimal(ours)}`, there: 'octal', meant: decimal(ours), kept };
  }
  return undefined;
}

function numberWords(value: number | Numeral): string {
  return `the number ${String(value)}`;
}

function decimal(value: number | Numeral): string {
  return isNumber(value) && typeof value !== 'number' ? jsonNumberText(value) : String(value);
}

/** A number as PyYAML would read it; nothing for a text. */
function numberOf11(text: string): number | Numeral | undefined {
  if (FLOAT.test(text)) {
    const plain = text.replaceAll('_', '').toLowerCase();
    if (plain.endsWith('.inf')) return plain.startsWith('-') ? -Infinity : Infinity;
    if (plain.endsWith('.nan')) return Number.NaN;
    return plain.includes(':') ? sexagesimal(plain) : numeral(plain);
  }
  if (!INTEGER.test(text)) return undefined;
  const plain = text.replaceAll('_', '');
  if (plain.includes(':')) return sexagesimal(plain);
  const [sign, digits] = /^[-+]/.test(plain) ? [plain.charAt(0), plain.slice(1)] : ['', plain];
  const minus = sign === '-' ? '-' : '';
  if (/^0[xb]/.test(digits)) {
    return digits.length > 2 ? numeral(`${minus}${BigInt(digits).toString()}`) : undefined;
  }
  if (/^0\d/.test(digits)) return numeral(`${minus}${BigInt(`0o${digits.slice(1)}`).toString()}`);
  return numeral(plain);
}

/** `1:30` is 90: parts of sixty. */
function sexagesimal(text: string): number {
  const negative = text.startsWith('-');
  const value = text
    .replace(/^[-+]/, '')
    .split(':')
    .reduce((sum, part) => sum * 60 + Number(part), 0);
  return negative ? -value : value;
}

/** A number that both versions read: PyYAML wants a point before an exponent and a sign behind it. */
function numberFor11(value: number | Numeral): string | undefined {
  const text = decimal(value).replace(/^\+/, '');
  const [, head = '', exponent = ''] = /^([^eE]*)[eE](.*)$/.exec(text) ?? [];
  if (head === '') return numberOf11(text) === undefined ? undefined : text;
  const point = head.includes('.') ? head : `${head}.0`;
  return `${point}e${/^[-+]/.test(exponent) ? exponent : `+${exponent}`}`;
}
