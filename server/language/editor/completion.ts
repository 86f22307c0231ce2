/** Completion over LSP. Documentation is given when an item is resolved, so that long lists stay small on the wire. */
import { CompletionItemKind, InsertTextFormat, InsertTextMode } from 'vscode-languageserver/node';
import type { CompletionItem, CompletionList } from 'vscode-languageserver/node';
import { defined } from '../../base/defined.js';
import { completion } from '../../ide/complete/completion.js';
import type { Completion, CompletionKind, IdeContext } from '../../ide/types.js';
import type { Client } from '../client.js';
import { rangeOf } from './convert.js';
import { markupOf } from '../markup.js';

const KINDS: Readonly<Record<CompletionKind, CompletionItemKind>> = {
  key: CompletionItemKind.Property,
  value: CompletionItemKind.EnumMember,
  task: CompletionItemKind.Event,
  param: CompletionItemKind.Variable,
  output: CompletionItemKind.Field,
  metric: CompletionItemKind.Value,
  context: CompletionItemKind.Module,
  function: CompletionItemKind.Function,
  file: CompletionItemKind.File,
  folder: CompletionItemKind.Folder,
  variable: CompletionItemKind.Variable,
  secret: CompletionItemKind.Constant,
  axis: CompletionItemKind.TypeParameter,
  pipeline: CompletionItemKind.Class,
  rule: CompletionItemKind.Reference,
  entity: CompletionItemKind.Struct,
  view: CompletionItemKind.Class,
  feature: CompletionItemKind.Property,
  'feature-service': CompletionItemKind.Interface,
  column: CompletionItemKind.Field,
  model: CompletionItemKind.Class,
  alias: CompletionItemKind.Reference,
  version: CompletionItemKind.Constant,
  snippet: CompletionItemKind.Snippet,
};

/** The client's command that asks for completion again. */
const SUGGEST = 'editor.action.triggerSuggest';

/**
 * A snippet as plain text.
 * @param presets of its placeholders. Nobody is led to them in plain text: an example that stays is a value that nobody chose
 */
export function plainText(snippet: string, presets: 'keep' | 'drop'): string {
  const preset = presets === 'keep' ? '$1' : '';
  let text = snippet;
  for (let before = ''; before !== text;) {
    before = text;
    text = text
      .replace(/(?<!\\)\$\{\d+:((?:[^{}\\]|\\.)*)\}/g, preset)
      .replace(/(?<!\\)\$\{\d+\|((?:[^|,\\]|\\.)*)(?:,(?:[^|\\]|\\.)*)?\|\}/g, preset);
  }
  return text.replace(/(?<!\\)\$(?:\d+|\{\d+\})/g, '').replace(/\\([$}\\,|])/g, '$1');
}

export class Completions {
  readonly #client: Client;
  /** The list that was given last: items are resolved from it. */
  #last: { readonly id: number; readonly items: readonly Completion[] } = { id: 0, items: [] };

  constructor(client: Client) {
    this.#client = client;
  }

  /** @param trigger the character that asked, where no person did */
  at(context: IdeContext, offset: number, trigger?: string): CompletionList {
    const { items: all, incomplete } = completion(context, offset);
    // A colon ends a key far more often than it begins the second half of `view:feature`.
    const items = trigger === ':' ? all.filter(({ kind }) => kind === 'feature') : all;
    const id = this.#last.id + 1;
    this.#last = { id, items };
    const { lineStarts } = context.definition.tree;
    return {
      isIncomplete: incomplete,
      items: items.map((item, at) => ({
        label: item.label,
        kind: this.#client.completionKind(KINDS[item.kind]),
        sortText: item.sortText,
        ...defined({ detail: item.detail, filterText: item.filterText }),
        textEdit: { range: rangeOf(lineStarts, item.span), newText: this.#newText(item) },
        ...(item.snippet && this.#client.snippets ? { insertTextFormat: InsertTextFormat.Snippet } : {}),
        ...(this.#client.asIs ? { insertTextMode: InsertTextMode.asIs } : {}),
        ...(item.again === true && this.#client.has(SUGGEST)
          ? { command: { title: 'Suggest', command: SUGGEST } }
          : {}),
        ...(item.documentation === undefined ? {} : { data: { list: id, item: at } }),
      })),
    };
  }

  /** Adds the documentation. An item of an older list is given back as it is: nobody looks at it any more. */
  resolve(item: CompletionItem): CompletionItem {
    const data: unknown = item.data;
    if (typeof data !== 'object' || data === null || !('list' in data) || !('item' in data)) return item;
    if (data.list !== this.#last.id || typeof data.item !== 'number') return item;
    const documentation = this.#last.items[data.item]?.documentation;
    if (documentation === undefined) return item;
    return { ...item, documentation: markupOf(documentation, this.#client.completionMarkup) };
  }

  #newText(item: Completion): string {
    if (!item.snippet || this.#client.snippets) return item.newText;
    // A template is there for what it holds; of a key only the key was asked for.
    return plainText(item.newText, item.kind === 'snippet' ? 'keep' : 'drop');
  }
}
