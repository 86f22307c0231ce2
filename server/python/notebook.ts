/** What a notebook does: the sources of its code cells, without what they gave when somebody ran them. */
import { codeForm } from './code.js';

export { codeForm };

/** Raised when the form changes, so that nothing made by older rules is taken for the same. */
const NOTEBOOK_FORM = 'notebook 1';

/** Before this cell, or behind it, params are put in. */
const PARAMETERS = /^(?:injected-)?parameters$/;

interface Cell {
  readonly cell_type?: unknown;
  readonly source?: unknown;
  readonly metadata?: { readonly tags?: unknown } | null;
}

/**
 * The form of a notebook (nbformat 4), to be hashed; nothing where it is none.
 *
 * @param code `syntax`: cells count as Python files do; magics, which are no Python, as they are written
 */
export function notebookForm(bytes: Uint8Array, code: 'bytes' | 'syntax'): string | undefined {
  let cells: unknown;
  try {
    ({ cells } = JSON.parse(new TextDecoder().decode(bytes)) as { cells?: unknown });
  } catch {
    return undefined;
  }
  if (!Array.isArray(cells)) return undefined;
  const told = (cells as readonly (Cell | null)[]).flatMap((cell): [string, boolean][] => {
    if (cell?.cell_type !== 'code') return [];
    const source = textOf(cell.source);
    const tags = Array.isArray(cell.metadata?.tags) ? (cell.metadata.tags as unknown[]) : [];
    const isMarked = tags.some((tag) => typeof tag === 'string' && PARAMETERS.test(tag));
    const form = code === 'syntax' ? codeForm(Buffer.from(source)) : undefined;
    return source.trim() === '' && !isMarked ? [] : [[form ?? source, isMarked]];
  });
  return JSON.stringify([NOTEBOOK_FORM, told]);
}

/** A text, or its lines. */
function textOf(source: unknown): string {
  return Array.isArray(source) ? source.join('') : typeof source === 'string' ? source : '';
}
