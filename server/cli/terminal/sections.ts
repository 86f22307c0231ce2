/** Comparisons: rows under the titles of their sections. */
import { plural } from '../../base/format.js';
import type { Style } from './style.js';

interface Row {
  readonly section: string;
  readonly differs: boolean;
}

/**
 * Lines of a comparison: each section that has rows, with those that are shown; how many are not shown is said.
 *
 * @param rows all there are
 * @param shown those of them that are shown, with what their lines are made of
 */
export function sectionLines<Shown extends { readonly row: Row }>(
  sections: readonly (readonly [section: string, title: string])[],
  rows: readonly Row[],
  shown: readonly Shown[],
  lineOf: (one: Shown) => string,
  style: Style,
): string[] {
  return sections.flatMap(([section, title]) => {
    const own = shown.filter(({ row }) => row.section === section);
    const same = rows.filter((row) => row.section === section).length - own.length;
    if (own.length + same === 0) return [];
    const lines = own.map((one) => (one.row.differs ? lineOf(one) : style.dim(lineOf(one))));
    const others = `  ${plural(same, 'other')} ${same === 1 ? 'is' : 'are'} the same`;
    return [style.bold(title), ...lines, ...(same > 0 ? [style.dim(others)] : [])];
  });
}
