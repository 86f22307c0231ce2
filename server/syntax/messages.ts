/** The YAML library's complaints, in words for people who don't know its grammar. */
import type { YAMLError } from 'yaml';

export const MISSING_COLON = 'A key needs a `:` after it.';

/** Exact texts of the library whose wording assumes that one knows YAML's grammar. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^Implicit map keys need to be followed by map values/, MISSING_COLON],
  [/^Implicit keys need to be on a single line/, 'A key and its `:` must be on one line.'],
  [
    /^Nested mappings are not allowed in compact mappings/,
    'A second `key: value` on the same line: start a new line, or put the value in quotes.',
  ],
  [
    /^All mapping items must start at the same column/,
    'The keys of one map have to start at the same column: check the indentation.',
  ],
  [
    /^All sequence items must start at the same column/,
    'The `-` of one list have to start at the same column: check the indentation.',
  ],
  [/^Sequence item without - indicator/, 'This line is part of a list and needs a `-`.'],
  [
    /^A block sequence may not be used as an implicit map key/,
    'A list can not be a key: check the indentation.',
  ],
  [/^Missing closing 'quote/, "A closing `'` is missing."],
  [/^Missing closing "quote/, 'A closing `"` is missing.'],
  [/^Tabs are not allowed as indentation/, 'YAML is indented with spaces, not with tabs.'],
  [/^Comments must be separated/, 'A comment needs a space before its `#`.'],
  [/^Plain value cannot start with (.*)/, 'A value can not start with $1: put it in quotes.'],
  [
    /^Missing , between flow-map items|^Missing , in flow-map|^Missing , or : between flow-map items/,
    'A `,` is missing between the entries of `{ }`.',
  ],
  [/^Missing , between flow|^Missing , or : between flow/, 'A `,` is missing between the items of `[ ]`.'],
  [
    /^Flow map in block collection must be sufficiently indented|^Flow map .*must end with a \}/,
    'A closing `}` is missing, or is not indented enough.',
  ],
  [
    /^Flow sequence in block collection must be sufficiently indented|^Flow sequence .*must end with a \]/,
    'A closing `]` is missing, or is not indented enough.',
  ],
  [/^Expected flow map to end with \}/, 'A closing `}` is missing.'],
  [/^Expected flow sequence to end with \]/, 'A closing `]` is missing.'],
  [/^Unexpected , in flow/, 'This `,` has nothing before it.'],
  [/^Unexpected empty item in flow/, 'An empty item: remove a `,`.'],
  [
    /^Block collections are not allowed within flow collections/,
    'Inside `[ ]` and `{ }` lists and maps are written with brackets too.',
  ],
  [
    /^Invalid escape sequence (.*)/,
    '`$1` is not an escape that a double-quoted text knows: write `\\\\` for a backslash, or use single quotes.',
  ],
  [/^Unresolved tag: (.*)/, 'The tag `$1` means nothing here: remove it, or put the value in quotes.'],
  [
    /^Block scalar header includes extra characters: (.*)/,
    'Nothing but `+`, `-` or a digit may follow `|` or `>`, found `$1`.',
  ],
  [
    /^Block scalars with more-indented leading empty lines/,
    'The text needs an explicit indentation (`|2`): its first line starts with spaces.',
  ],
  [/^Not a YAML token: (.*)/, '`$1` is not YAML.'],
  [
    /^Unexpected scalar at node end/,
    'This text follows a value that already ended: put the whole value in quotes, or check the indentation.',
  ],
  [
    /^Unexpected (\S+) at node end/,
    'Something follows a value that already ended: check indentation and quotes.',
  ],
  [/^Unexpected flow-seq-end|^Unexpected flow-map-end/, 'A closing bracket without an opening one.'],
  [
    /^Unexpected (\S+)-ind\b/,
    'This mark has no place here: check the indentation, or put the value in quotes.',
  ],
  [/^Unexpected/, 'This has no place here: check indentation, quotes and brackets.'],
  [/^A node can have at most one (anchor|tag)/, 'Only one $1 may precede a value.'],
  [/^An alias node must not specify any properties/, 'An alias takes neither an anchor nor a tag.'],
  [/^Missing directives-end|^Missing directives-end\/doc-start/, 'A `---` line has to follow a `%` line.'],
  [/^Block collection cannot start on same line/, 'Start a new line after `---`.'],
];

/** A `!` or `%` line of YAML's own is rare here; a value that needs quotes is the likely meaning. */
export function messageOf(error: Pick<YAMLError, 'message' | 'code'>): string {
  const first = error.message.split('\n')[0] ?? error.message;
  for (const [pattern, words] of WORDS) {
    const match = pattern.exec(first);
    if (match !== null) return words.replace('$1', () => (match[1] ?? '').trim());
  }
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
