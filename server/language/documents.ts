/** The documents that are open in the editor, synced incrementally, and how their URIs and paths go together. */
import path from 'node:path';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { TextDocumentContentChangeEvent } from 'vscode-languageserver/node';
import { URI } from 'vscode-uri';
import type { OverlayText } from '../project/files.js';

/** The absolute path of a `file:` URI. */
export function pathOf(uri: string): string | undefined {
  try {
    const parsed = URI.parse(uri, true);
    return parsed.scheme === 'file' && parsed.fsPath !== '' ? path.normalize(parsed.fsPath) : undefined;
  } catch {
    return undefined;
  }
}

/** The URI of a path, spelled as VS Code spells it. */
export function uriOfPath(absolute: string): string {
  return URI.file(absolute).toString();
}

/** Where the extension shows the page of a model version; the query is the project's URI. */
export function cardUri(root: string, model: string, version: string): string {
  return URI.from({
    scheme: 'modelyard-model',
    path: `/${model}/${version}.md`,
    query: uriOfPath(root),
  }).toString();
}

/**
 * Open documents by their path, so that two spellings of one URI are one document. Documents that are not on any disk
 * (`untitled:`) go by their URI.
 */
export class Documents implements OverlayText {
  readonly #open = new Map<string, TextDocument>();

  static keyOf(uri: string): string {
    return pathOf(uri) ?? uri;
  }

  opened(uri: string, languageId: string, version: number, text: string): void {
    this.#open.set(Documents.keyOf(uri), TextDocument.create(uri, languageId, version, text));
  }

  /** @returns whether the document is open. A change of one that isn't is a mistake of the client and changes nothing. */
  changed(uri: string, version: number, changes: readonly TextDocumentContentChangeEvent[]): boolean {
    const document = this.#open.get(Documents.keyOf(uri));
    if (document === undefined) return false;
    TextDocument.update(document, [...changes], version);
    return true;
  }

  closed(uri: string): void {
    this.#open.delete(Documents.keyOf(uri));
  }

  of(uri: string): TextDocument | undefined {
    return this.#open.get(Documents.keyOf(uri));
  }

  all(): readonly TextDocument[] {
    return [...this.#open.values()];
  }

  /** The overlay of a project's files. */
  get(absolute: string): { readonly text: string; readonly stamp: string } | undefined {
    const document = this.#open.get(absolute);
    return document && { text: document.getText(), stamp: `open:${document.version}` };
  }
}
