/**
 * What a client can do, read once from `initialize`: nothing is sent that it did not say it understands. What LSP has no
 * word for (commands of ours, icons in titles, our own notification) it says in `initializationOptions`.
 */
import { CompletionItemKind, InsertTextMode, MarkupKind, SymbolKind } from 'vscode-languageserver/node';
import type { ClientCapabilities, DiagnosticTag, InitializeParams } from 'vscode-languageserver/node';

/** The commands of code lenses and code actions: clients have them, this server has not. */
const COMMAND_PREFIX = 'modelyard.';

export class Client {
  readonly capabilities: ClientCapabilities;
  /** The workspace is trusted: SQL of a definition is run and data is read. */
  readonly trusted: boolean;
  /** It shows pages of model versions, at `cardUri`. */
  readonly cards: boolean;
  /** It shows `$(play)` as an icon. */
  readonly icons: boolean;
  /** It asks for the views, and hears when they change. */
  readonly views: boolean;
  /** The section `modelyard`, for clients that can't be asked for it. */
  readonly settings: unknown;
  readonly #commands: ReadonlySet<string>;

  constructor(params: InitializeParams) {
    this.capabilities = params.capabilities;
    const options: unknown = params.initializationOptions;
    const option = (name: string): unknown =>
      typeof options === 'object' && options !== null
        ? (options as Record<string, unknown>)[name]
        : undefined;
    // Who doesn't say so is not taken to trust it.
    this.trusted = option('trusted') === true;
    this.cards = option('modelCards') === true;
    this.icons = option('icons') === true;
    this.views = option('views') === true;
    this.settings = option('settings');
    const commands = option('commands');
    this.#commands = new Set(
      Array.isArray(commands) ? commands.filter((one) => typeof one === 'string') : [],
    );
  }

  /** Whether it has a command of ours. */
  has(command: string): boolean {
    return this.#commands.has(command);
  }

  get hasCommands(): boolean {
    return [...this.#commands].some((command) => command.startsWith(COMMAND_PREFIX));
  }

  /** Diagnostics are pulled; otherwise they are pushed. */
  get pulls(): boolean {
    return this.capabilities.textDocument?.diagnostic !== undefined;
  }

  /** It tells of changes on the disk when it is asked to. */
  get watches(): boolean {
    return this.capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
  }

  get relatedInformation(): boolean {
    return this.#findings.some((one) => one?.relatedInformation === true);
  }

  tag(tag: DiagnosticTag): boolean {
    return this.#findings.some((one) => one?.tagSupport?.valueSet.includes(tag) === true);
  }

  /** A finding links to the page of its rule. */
  get codeDescription(): boolean {
    return this.#findings.some((one) => one?.codeDescriptionSupport === true);
  }

  get pushedVersions(): boolean {
    return this.capabilities.textDocument?.publishDiagnostics?.versionSupport === true;
  }

  get versionedEdits(): boolean {
    return this.capabilities.workspace?.workspaceEdit?.documentChanges === true;
  }

  get hoverMarkup(): MarkupKind {
    return preferred(this.capabilities.textDocument?.hover?.contentFormat);
  }

  get completionMarkup(): MarkupKind {
    return preferred(this.#item?.documentationFormat);
  }

  get snippets(): boolean {
    return this.#item?.snippetSupport === true;
  }

  get asIs(): boolean {
    return this.#item?.insertTextModeSupport?.valueSet.includes(InsertTextMode.asIs) === true;
  }

  completionKind(kind: CompletionItemKind): CompletionItemKind {
    const known = this.capabilities.textDocument?.completion?.completionItemKind?.valueSet;
    return kind <= CompletionItemKind.Reference || known?.includes(kind) === true
      ? kind
      : (OLDER_ITEMS[kind] ?? CompletionItemKind.Text);
  }

  symbolKind(kind: SymbolKind, where: 'documentSymbol' | 'workspaceSymbol'): SymbolKind {
    const known =
      where === 'documentSymbol'
        ? this.capabilities.textDocument?.documentSymbol?.symbolKind?.valueSet
        : this.capabilities.workspace?.symbol?.symbolKind?.valueSet;
    return kind <= SymbolKind.Array || known?.includes(kind) === true
      ? kind
      : (OLDER_SYMBOLS[kind] ?? SymbolKind.Variable);
  }

  get hierarchicalSymbols(): boolean {
    return this.capabilities.textDocument?.documentSymbol?.hierarchicalDocumentSymbolSupport === true;
  }

  /** Code actions as such; others get commands, which ask for the edit to be applied. */
  get actionLiterals(): boolean {
    return this.capabilities.textDocument?.codeAction?.codeActionLiteralSupport !== undefined;
  }

  get appliesEdits(): boolean {
    return this.capabilities.workspace?.applyEdit === true;
  }

  get preferredActions(): boolean {
    return this.capabilities.textDocument?.codeAction?.isPreferredSupport === true;
  }

  get linkTooltips(): boolean {
    return this.capabilities.textDocument?.documentLink?.tooltipSupport === true;
  }

  get definitionLinks(): boolean {
    return this.capabilities.textDocument?.definition?.linkSupport === true;
  }

  get mostFolds(): number {
    return this.capabilities.textDocument?.foldingRange?.rangeLimit ?? Infinity;
  }

  /** What it takes of diagnostics, pulled or pushed. */
  get #findings() {
    const { diagnostic, publishDiagnostics } = this.capabilities.textDocument ?? {};
    return [diagnostic, publishDiagnostics];
  }

  get #item() {
    return this.capabilities.textDocument?.completion?.completionItem;
  }
}

const WRITTEN: ReadonlySet<string> = new Set([MarkupKind.Markdown, MarkupKind.PlainText]);

/** The first that we can write of the formats that a client wants, in its order; plain text where it names none. */
function preferred(formats: readonly MarkupKind[] | undefined): MarkupKind {
  return formats?.find((one) => WRITTEN.has(one)) ?? MarkupKind.PlainText;
}

/** What came with LSP 3.0 stands for what came later. */
const OLDER_ITEMS: Readonly<Partial<Record<CompletionItemKind, CompletionItemKind>>> = {
  [CompletionItemKind.Folder]: CompletionItemKind.File,
  [CompletionItemKind.EnumMember]: CompletionItemKind.Value,
  [CompletionItemKind.Constant]: CompletionItemKind.Variable,
  [CompletionItemKind.Struct]: CompletionItemKind.Class,
  [CompletionItemKind.Event]: CompletionItemKind.Function,
  [CompletionItemKind.TypeParameter]: CompletionItemKind.Variable,
};

const OLDER_SYMBOLS: Readonly<Partial<Record<SymbolKind, SymbolKind>>> = {
  [SymbolKind.Key]: SymbolKind.Property,
  [SymbolKind.Struct]: SymbolKind.Class,
};
