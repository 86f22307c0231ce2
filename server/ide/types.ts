/**
 * What the editor's features ask and answer, in plain data with offsets. Only server/language knows LSP; it turns spans
 * into ranges by the line starts of the definition's tree.
 *
 * | function | in |
 * |---|---|
 * | `completion(context, offset): CompletionList` | completion.ts |
 * | `hover(context, offset): Hover \| undefined` | hover.ts |
 * | `definitionsAt(context, offset): DefinitionTarget[]` | navigation.ts |
 * | `versionAt(context, offset): VersionPlace \| undefined` | model-places.ts |
 * | `referencesAt(context, offset, withDeclaration): Location[]` | navigation.ts |
 * | `highlightsAt(context, offset): Highlight[]` | navigation.ts |
 * | `prepareRename(context, offset): RenameTarget`, `rename(context, offset, newName): RenameResult` | rename.ts |
 * | `documentSymbols(context): OutlineSymbol[]`, `workspaceSymbols(project, query): WorkspaceSymbol[]` | symbols.ts |
 * | `codeActions(context, findings, range): CodeAction[]`, `fixAll(context, findings): Edit[]` | code-actions.ts |
 * | `codeLenses(context): CodeLens[]` | code-lenses.ts |
 * | `documentLinks(context): DocumentLink[]` | links.ts |
 * | `foldingRanges(context): FoldingRange[]` | folding.ts |
 * | `semanticTokens(context, range?): SemanticToken[]` | semantic-tokens.ts |
 * | `inlayHints(context, range?): InlayHint[]` | inlay-hints.ts |
 *
 * All are pure, throw for nothing, and answer with nothing where there is nothing to say.
 */
import type { Definition } from '../definition/read/analyze.js';
import type { Json } from '../definition/definition.js';
import type { LensCommand, RunStatus, Staleness, TaskStatus } from '../protocol/index.js';
import type { Edit, Finding, ProjectView } from '../rules/rule.js';
import type { ExpressionTokenKind } from '../syntax/expressions/expression.js';
import type { Span } from '../syntax/tree.js';
import type { NamedFile } from './navigate/occurrences.js';

export type { Edit, Finding } from '../rules/rule.js';

/** The last time that a task ran, or would have. */
export interface TaskHistory {
  readonly runId: string;
  readonly status: TaskStatus;
  /** ISO 8601, when it ended or else when its run was made. */
  readonly at: string;
  readonly durationMs?: number;
  /** By key, as the task reported them; dots stand between nested keys. */
  readonly metrics: Readonly<Record<string, Json>>;
}

export interface PipelineHistory {
  readonly runId: string;
  readonly status: RunStatus;
  readonly at: string;
  readonly durationMs?: number;
}

/** What a run asks people, and that is not decided. */
export interface OpenQuestion {
  readonly runId: string;
  /** By the instance's id. */
  readonly task: string;
  readonly askedAt: string;
  /** The user of this editor. */
  readonly mayAnswer: boolean;
}

/** What earlier runs tell. Must be cheap: it is asked for each lens and each completion. */
export interface RunHistory {
  pipeline(name: string): PipelineHistory | undefined;
  /** By the task's name, or by an instance's id such as `train@1`. */
  task(pipeline: string, task: string): TaskHistory | undefined;
  /** Of runs of the definition at this path. */
  questions(path: string): readonly OpenQuestion[];
}

export interface TaskState {
  readonly staleness: Staleness;
  /** Why it would run, in words. */
  readonly reasons: readonly string[];
}

export interface FolderEntry {
  readonly name: string;
  readonly folder: boolean;
}

export interface IdeContext {
  readonly definition: Definition;
  /** The file beside the definition that is asked about, where it isn't the definition itself. */
  readonly beside?: NamedFile;
  readonly project: ProjectView;
  readonly history?: RunHistory;
  /** Whether a task of the definition would run now, by its name; `undefined` where nobody knows yet. */
  readonly taskState?: (task: string) => TaskState | undefined;
  /** Entries of a folder of the project (`''`: its root), undefined when it isn't one. */
  readonly listFolder?: (path: string) => readonly FolderEntry[] | undefined;
  /** Names of the environment variables and secrets that the editor's process knows; never their values. */
  readonly environmentNames?: () => readonly string[];
  /** For "3 minutes ago"; milliseconds since 1970. Default: the clock. */
  readonly now?: number;
}

export interface Location {
  /** Relative to the project. */
  readonly path: string;
  readonly span: Span;
}

export interface DefinitionTarget extends Location {
  /** The word in the asking file that the jump starts from. */
  readonly origin: Span;
  /** The whole thing that is defined; `span` is its name. */
  readonly whole: Span;
}

export type CompletionKind =
  | 'key'
  | 'value'
  | 'task'
  | 'param'
  | 'output'
  | 'metric'
  | 'context'
  | 'function'
  | 'file'
  | 'folder'
  | 'variable'
  | 'secret'
  | 'axis'
  | 'pipeline'
  | 'rule'
  | 'entity'
  | 'view'
  | 'feature'
  | 'feature-service'
  | 'column'
  | 'model'
  | 'alias'
  | 'version'
  | 'snippet';

export interface Completion {
  readonly label: string;
  readonly kind: CompletionKind;
  /** A few words behind the label. */
  readonly detail?: string;
  /** Markdown. */
  readonly documentation?: string;
  /** What is replaced; always on the cursor's line. */
  readonly span: Span;
  readonly newText: string;
  /** `newText` is a snippet with `$1` and `${2:x}`, its lines indented as they have to be in the file. */
  readonly snippet: boolean;
  /** Order among the items, compared as text. */
  readonly sortText: string;
  /** Where the editor should match what is typed against something else than the label. */
  readonly filterText?: string;
  /** More is to be completed right after this one: a folder's files, a context's members. */
  readonly again?: boolean;
}

export interface CompletionList {
  readonly items: readonly Completion[];
  /** Ask again after the next character. */
  readonly incomplete: boolean;
}

export interface Hover {
  readonly span: Span;
  /** Markdown; what comes from files is escaped. */
  readonly markdown: string;
}

export interface Highlight {
  readonly span: Span;
  readonly kind: 'read' | 'write';
}

export type RenameTarget =
  | { readonly ok: true; readonly span: Span; readonly placeholder: string }
  | { readonly ok: false; readonly message: string };

export type RenameResult =
  { readonly ok: true; readonly edits: readonly Edit[] } | { readonly ok: false; readonly message: string };

export type SymbolKind =
  | 'pipeline'
  | 'section'
  | 'task'
  | 'param'
  | 'variable'
  | 'output'
  | 'view'
  | 'feature'
  | 'entity'
  | 'feature-service'
  | 'owner'
  | 'key';

export interface OutlineSymbol {
  readonly name: string;
  readonly detail?: string;
  readonly kind: SymbolKind;
  readonly span: Span;
  /** The name, inside `span`. */
  readonly selection: Span;
  readonly children: readonly OutlineSymbol[];
}

export interface WorkspaceSymbol extends Location {
  readonly name: string;
  readonly kind: SymbolKind;
  readonly container?: string;
}

/** A command of the extension; server/language adds the file's URI and the project's. */
export interface CommandReference {
  readonly command: LensCommand;
  readonly task?: string;
  readonly runId?: string;
  readonly rule?: string;
  /** A feature view. */
  readonly view?: string;
}

export type CodeActionKind = 'fix' | 'suppress' | 'docs' | 'fix-all';

export interface CodeAction {
  readonly title: string;
  readonly kind: CodeActionKind;
  readonly edits: readonly Edit[];
  readonly preferred: boolean;
  /** What it mends. */
  readonly findings: readonly Finding[];
  readonly command?: CommandReference;
}

export interface CodeLens {
  readonly span: Span;
  readonly title: string;
  readonly tooltip?: string;
  readonly command: CommandReference;
}

/** A version of a registered model: its page is what there is to see. */
export interface VersionPlace {
  readonly model: string;
  readonly version: string;
}

export interface DocumentLink {
  readonly span: Span;
  /** A file, relative to the project. */
  readonly path?: string;
  /** Where there is no `path`. */
  readonly version?: VersionPlace;
  readonly tooltip?: string;
}

/** Zero-based lines, both included. */
export interface FoldingRange {
  readonly startLine: number;
  readonly endLine: number;
  readonly kind?: 'comment' | 'region';
}

/** By place, never overlapping; each on one line. */
export interface SemanticToken {
  readonly span: Span;
  readonly kind: ExpressionTokenKind;
}

export interface InlayHint {
  readonly offset: number;
  readonly label: string;
  /** `value`: what an expression gives; `edge`: the task that a path comes from or goes to. */
  readonly kind: 'value' | 'edge';
  readonly tooltip?: string;
  /** What a click on it goes to. */
  readonly target?: Location;
  /** The version that a click on it shows. */
  readonly version?: VersionPlace;
}
