/** What a tree shows for a node, as plain data: `extension/parts/item.ts` makes editor items of it, tests read it. */
import type { CommandId } from '../contributions/commands.js';
import type { ItemContext } from '../contributions/items.js';
import { plain } from '../../server/base/format.js';

export interface ItemText {
  /** Stable over refreshes, so that expansion and selection stay. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  /** Codicon, `~spin` included. */
  readonly icon: string;
  readonly color?: string;
  /** Markdown; made of escaped parts only. */
  readonly tooltip?: string;
  /** What `when` clauses of menus match. */
  readonly context: ItemContext;
  /** What a screen reader says. */
  readonly spoken: string;
  readonly children: 'none' | 'collapsed' | 'expanded';
  readonly command?: { readonly id: `modelyard.${CommandId}`; readonly title: string };
}

/** Text of a file as Markdown that shows it and does nothing else. */
export function escapeMarkdown(text: string): string {
  return plain(text, 500).replaceAll(/[\\`*_{}[\]()#+\-.!|<>~&$:@]/g, (character) =>
    character === '<' ? '&lt;' : character === '&' ? '&amp;' : `\\${character}`,
  );
}

/** Text of a file for a notification, where `[words](command:…)` would be a link that runs a command. */
export function unlinked(text: string, limit?: number): string {
  return plain(text, limit).replaceAll('](', '] (');
}

/** Joins what is there with a middle dot. */
export function dots(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' · ');
}

/** Joins what is there with commas, for screen readers. */
export function commas(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(', ');
}
