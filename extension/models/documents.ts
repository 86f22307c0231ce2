/**
 * Texts of the registry as documents: the card of a version (`modelyard-model:/rain/3.md`, read-only) and descriptions
 * that are edited and saved like any other file (`modelyard-description:/rain/3/description.md`). The query is the
 * project's URI.
 */
import { defined } from '../../server/base/defined.js';
import * as vscode from 'vscode';
import type { ModelRef, VersionRef } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { SingleFiles } from '../parts/single-files.js';

const CARD = 'modelyard-model';
const DESCRIPTION = 'modelyard-description';

/** Where the card of a version is read. */
export function cardUri({ projectUri, model, version }: VersionRef): vscode.Uri {
  // The last part is what the tab is called.
  const path = `/${model}/${version}/${model} ${version}.md`;
  return vscode.Uri.from({ scheme: CARD, path, query: projectUri });
}

/** Where the description of a model, or of a version, is edited. */
export function descriptionUri({ projectUri, model }: ModelRef, version?: string): vscode.Uri {
  const path = version === undefined ? `/${model}/description.md` : `/${model}/${version}/description.md`;
  return vscode.Uri.from({ scheme: DESCRIPTION, path, query: projectUri });
}

function cardOf({ path, query }: vscode.Uri): VersionRef | undefined {
  const [, model, version] = /^\/([^/]+)\/([^/]+?)(?:\/[^/]+)?\.md$/.exec(path) ?? [];
  return model === undefined || version === undefined ? undefined : { projectUri: query, model, version };
}

class Cards implements vscode.TextDocumentContentProvider {
  readonly #context: Context;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;

  constructor(context: Context) {
    this.#context = context;
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const ref = cardOf(uri);
    if (ref === undefined) return 'There is no model card at this address.';
    const answer = await this.#context.client.request('modelyard/modelCard', ref);
    return answer.ok ? answer.markdown : answer.message;
  }

  /** Cards that are open are written anew. */
  refresh(): void {
    for (const { uri } of vscode.workspace.textDocuments) if (uri.scheme === CARD) this.#changed.fire(uri);
  }
}

interface Described {
  readonly ref: ModelRef;
  readonly version?: string;
}

function describedBy(uri: vscode.Uri): Described {
  const [, model, version] = /^\/([^/]+)(?:\/([^/]+))?\/description\.md$/.exec(uri.path) ?? [];
  if (model === undefined) throw vscode.FileSystemError.FileNotFound(uri);
  return { ref: { projectUri: uri.query, model }, ...defined({ version }) };
}

/** Descriptions as files: what is read is what the registry has, what is saved goes into it. */
class Descriptions extends SingleFiles {
  readonly #context: Context;
  readonly #known = new Map<string, { readonly text: string; readonly mtime: number }>();

  constructor(context: Context) {
    super();
    this.#context = context;
  }

  async #read(uri: vscode.Uri): Promise<{ readonly text: string; readonly mtime: number }> {
    const { ref, version } = describedBy(uri);
    const text = await this.#text(uri, ref, version);
    const known = this.#known.get(uri.toString());
    // The time moves with the text: the editor asks for it to see whether someone else has written.
    const file = known?.text === text ? known : { text, mtime: Date.now() };
    this.#known.set(uri.toString(), file);
    return file;
  }

  async #text(uri: vscode.Uri, ref: ModelRef, version: string | undefined): Promise<string> {
    const { client } = this.#context;
    if (version === undefined) {
      const { models } = await client.request('modelyard/models', { projectUri: ref.projectUri });
      const found = models.find(({ model }) => model === ref.model);
      if (found === undefined) throw vscode.FileSystemError.FileNotFound(uri);
      return found.description;
    }
    const answer = await client.request('modelyard/modelVersion', { ...ref, version });
    if (!answer.ok) throw vscode.FileSystemError.FileNotFound(uri);
    return answer.version.description;
  }

  override async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    // Whoever writes a file looks whether its folders are there.
    if (!uri.path.endsWith('/description.md'))
      return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    const { text, mtime } = await this.#read(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime, size: new TextEncoder().encode(text).length };
  }

  override async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return new TextEncoder().encode((await this.#read(uri)).text);
  }

  override async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    const { ref, version } = describedBy(uri);
    if (!vscode.workspace.isTrusted)
      throw vscode.FileSystemError.NoPermissions('Trust this workspace to change its models.');
    const text = new TextDecoder().decode(content);
    const answer = await this.#context.client.request('modelyard/changeModel', {
      ...ref,
      change: { kind: 'describe', text, ...defined({ version }) },
    });
    if (!answer.ok) throw vscode.FileSystemError.NoPermissions(answer.message);
    this.#known.set(uri.toString(), { text, mtime: Date.now() });
    this.changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  refresh(): void {
    const open = vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === DESCRIPTION);
    if (open.length === 0) return;
    this.changed.fire(open.map(({ uri }) => ({ type: vscode.FileChangeType.Changed, uri })));
  }
}

export function registerModelDocuments(context: Context): void {
  const { extension, state } = context;
  const cards = new Cards(context);
  const descriptions = new Descriptions(context);
  extension.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider(CARD, cards),
    vscode.workspace.registerFileSystemProvider(DESCRIPTION, descriptions, { isCaseSensitive: true }),
    state.onDidChangeModels(() => {
      cards.refresh();
      descriptions.refresh();
    }),
  );
}
