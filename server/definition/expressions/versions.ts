/** Versions: numbers between dots, then what makes one a pre-release. As in Semantic Versioning, with any number of parts. */

const VERSION = /^[vV]?(\d+(?:\.\d+)*)(?:-?([0-9A-Za-z]+(?:[.-][0-9A-Za-z]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;

export function isVersion(text: string): boolean {
  return text.length <= 200 && VERSION.test(text.trim());
}

/** -1, 0 or 1. Parts that are missing are 0; a pre-release is older than the version. Both have to be versions. */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let at = 0; at < Math.max(left.numbers.length, right.numbers.length); at++) {
    const order = compareDigits(left.numbers[at] ?? '0', right.numbers[at] ?? '0');
    if (order !== 0) return order;
  }
  if (left.extra.length === 0 || right.extra.length === 0) {
    return sign(right.extra.length - left.extra.length);
  }
  for (let at = 0; at < Math.max(left.extra.length, right.extra.length); at++) {
    const [one, other] = [left.extra[at], right.extra[at]];
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
    const order = compareExtra(one, other);
    if (order !== 0) return order;
  }
  return 0;
}

function partsOf(version: string): {
  readonly numbers: readonly string[];
  readonly extra: readonly string[];
} {
  const [, numbers = '', extra] = VERSION.exec(version.trim()) ?? [];
  return { numbers: numbers.split('.'), extra: extra === undefined ? [] : extra.split('.') };
}

/** Numbers are older than words. */
function compareExtra(a: string, b: string): -1 | 0 | 1 {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left && right) return compareDigits(a, b);
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Of any length. */
function compareDigits(a: string, b: string): -1 | 0 | 1 {
  const [left, right] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
  if (left.length !== right.length) return left.length < right.length ? -1 : 1;
  return left < right ? -1 : left > right ? 1 : 0;
}

function sign(value: number): -1 | 0 | 1 {
  return value < 0 ? -1 : value > 0 ? 1 : 0;
}
