/** Registers the editor's features on the connection. Nothing is computed here: every handler is one call. */
import type {
  ApplyWorkspaceEditParams,
  Connection,
  Hover,
  TextDocumentPositionParams,
  DiagnosticServerCancellationData,
  DocumentDiagnosticParams,
  DocumentDiagnosticReport,
  Position,
  Range,
  ServerCapabilities,
  WorkspaceDiagnosticParams,
  WorkspaceDiagnosticReport,
} from 'vscode-languageserver/node';
import { TextDocumentSyncKind } from 'vscode-languageserver/node';
import { APPLY_EDIT, FIX_ALL, LEGEND, actions, hints, hoverAt, lenses, tokens } from './annotations.js';
import { occurrencesBeside } from '../../ide/navigate/occurrences.js';
import type { Asked } from './asked.js';
import type { Client } from '../client.js';
import { Completions } from './completion.js';
import { offsetOf } from './convert.js';
import type { Diagnostics } from './diagnostics.js';
import { InvalidParams, checkParams, contentModified, guarded, throwIfCancelled } from '../guard.js';
import type { Log } from '../guard.js';
import type { Histories } from '../views/runs/history.js';
import {
  definitions,
  folds,
  highlights,
  links,
  references,
  renameEdits,
  renameTarget,
  symbols,
  symbolsOfProject,
} from './navigation.js';
import type { TaskState } from '../../ide/types.js';
import type { Graph } from '../../definition/graph/graph.js';
import type { PipelineDefinition, Project } from '../../project/project.js';
import type { PlanResult } from '../../protocol/index.js';
import { projectGraph } from '../../rules/context.js';
import { runnableOf } from '../../rules/dvc/runnable.js';
import type { Settings } from '../settings.js';
import { stalenessOf } from '../views/pipelines/staleness.js';
import { breathe } from '../../base/runs/steps.js';
import { isSoon } from '../slices.js';
import type { DefinitionPlace, Workspace } from '../workspace.js';

export interface FeatureHost {
  readonly connection: Connection;
  readonly log: Log;
  readonly workspace: Workspace;
  readonly histories: Histories;
  readonly plans: Plans;
  readonly diagnostics: Diagnostics;
  readonly settingsFor: (uri: string) => Promise<Settings>;
  readonly client: Client;
  /** Hears which files have their code lenses. */
  readonly lensesAnswered: (uri: string) => void;
}

/** What is known of what would run. */
export interface Plans {
  /** As it is known now; what is missing is being made. */
  plan(project: Project, definition: PipelineDefinition): PlanResult | undefined;
  /** Waits for what is being made, but not for long. */
  planned(): Promise<void>;
}

/** How long somebody waits for what is shown under the mouse. */
const PATIENCE_MS = 120;

/** Symbols of the workspace that one query gives at most. */
const MAX_SYMBOLS = 500;

export function capabilitiesFor(client: Client): ServerCapabilities {
  const { textDocument, workspace } = client.capabilities;
  const fixesByCommand = !client.actionLiterals && client.appliesEdits;
  return {
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
    ...(!client.pulls
      ? {}
      : {
          diagnosticProvider: {
            identifier: 'modelyard',
            interFileDependencies: true,
            workspaceDiagnostics: true,
          },
        }),
    completionProvider: {
      triggerCharacters: ['.', '{', '/', '@', ' ', '#', ':', '*'],
      resolveProvider: true,
    },
    hoverProvider: true,
    definitionProvider: true,
    referencesProvider: true,
    documentHighlightProvider: true,
    renameProvider: textDocument?.rename?.prepareSupport === true ? { prepareProvider: true } : true,
    documentSymbolProvider:
      textDocument?.documentSymbol?.labelSupport === true ? { label: 'Modelyard' } : true,
    workspaceSymbolProvider: true,
    ...(client.actionLiterals
      ? { codeActionProvider: { codeActionKinds: ['quickfix', FIX_ALL] } }
      : fixesByCommand
        ? { codeActionProvider: true, executeCommandProvider: { commands: [APPLY_EDIT] } }
        : {}),
    ...(client.hasCommands ? { codeLensProvider: {} } : {}),
    documentLinkProvider: {},
    foldingRangeProvider: true,
    semanticTokensProvider: { legend: LEGEND, full: true, range: true },
    inlayHintProvider: true,
    workspace: {
      workspaceFolders: { supported: true, changeNotifications: workspace?.workspaceFolders === true },
    },
  };
}

function stateOf(plan: PlanResult, graph: Graph, name: string): TaskState | undefined {
  const instance = graph.byId.get(name);
  const planned = plan.tasks.find(({ id }) => id === name);
  return instance === undefined || planned === undefined ? undefined : stalenessOf(planned, instance, false);
}

/** The definition that a URI stands for with all that a feature may ask; `undefined` when it is not ours. */
export function ask(host: FeatureHost, uri: string, settings: Settings): Asked | undefined {
  const place = host.workspace.definition(uri);
  return place === undefined ? undefined : askedAbout(host, place, settings);
}

/** The same of a file that is no definition and that one takes names from: `params.yaml` of a `dvc.yaml`. */
function askBeside(host: FeatureHost, uri: string, settings: Settings): Asked | undefined {
  const place = host.workspace.place(uri);
  if (place === undefined) return undefined;
  const view = place.project.view(settings.rules);
  for (const definition of place.project.definitions()) {
    const beside = occurrencesBeside(definition, view).find(({ path }) => path === place.path);
    if (beside === undefined) continue;
    const asked = askedAbout(host, { ...place, definition }, settings);
    return { ...asked, context: { ...asked.context, beside } };
  }
  return undefined;
}

function askedAbout(
  host: FeatureHost,
  { project, path, definition, uri }: DefinitionPlace,
  settings: Settings,
): Asked {
  const view = project.view(settings.rules);
  let missed = false;
  return {
    workspace: host.workspace,
    project,
    uri,
    client: host.client,
    planned: async () => {
      if (missed) await host.plans.planned();
      return missed;
    },
    context: {
      definition,
      project: view,
      history: host.histories.of(project.root),
      taskState: (name) => {
        const runnable = runnableOf(definition, view);
        const plan = runnable && host.plans.plan(project, runnable);
        missed ||= runnable !== undefined && plan === undefined;
        return plan && stateOf(plan, projectGraph(runnable.pipeline, view), name);
      },
      listFolder: (folder) => {
        if (folder !== '' && project.view().probe(folder) !== 'folder') return undefined;
        return project.files
          .readFolder(folder === '' ? project.root : project.absolute(folder))
          .map((entry) => ({ name: entry.name, folder: entry.kind === 'folder' }));
      },
      environmentNames: () => Object.keys(process.env),
    },
    findings: () => project.findings(path, settings.rules),
  };
}

/** How a request about a document is answered. */
interface Ways<R> {
  /** What is asked about: a definition unless told otherwise. */
  readonly find?: typeof ask;
  /** The answer is made of findings: those are found in slices before. */
  readonly checked?: boolean;
  /** The answer where a very long document isn't read soon: somebody looks at it, and asks again. */
  readonly late?: R;
}

export function registerFeatures(host: FeatureHost): void {
  const { connection, log, client, workspace } = host;
  const completions = new Completions(client);

  /**
   * A handler about one document; answers with `otherwise` when the document is not ours.
   */
  const onDocument = <P extends { readonly textDocument: { readonly uri: string } }, R>(
    name: string,
    otherwise: R,
    handle: (asked: Asked, params: P, settings: Settings) => R | Promise<R>,
    { find = ask, checked = false, late }: Ways<R> = {},
  ) =>
    guarded<P, R>(log, name, async (params, token) => {
      checkParams(params);
      const version = workspace.versionOf(params.textDocument.uri);
      // The place was meant for another text. One that is only being opened is what was meant: nobody would ask again. What
      // needs no place is answered for the text as it is: VS Code takes lenses away where it gets an error.
      const placed = 'position' in params || 'range' in params;
      const overtaken = (): boolean =>
        placed && version !== null && workspace.versionOf(params.textDocument.uri) !== version;
      const settings = await host.settingsFor(params.textDocument.uri);
      throwIfCancelled(token);
      if (overtaken()) throw contentModified();
      if (checked) await host.diagnostics.prepare(params.textDocument.uri, settings);
      const ready = workspace.ready(params.textDocument.uri);
      if (late === undefined || !workspace.isSlow(params.textDocument.uri)) await ready;
      else if (!(await isSoon(ready, PATIENCE_MS))) return late;
      throwIfCancelled(token);
      if (overtaken()) throw contentModified();
      let asked = find(host, params.textDocument.uri, settings);
      if (asked === undefined) {
        // The workspace may still be looked through, and nobody asks again about a file that was called not ours.
        await workspace.settled();
        throwIfCancelled(token);
        if (overtaken()) throw contentModified();
        asked = find(host, params.textDocument.uri, settings);
      }
      return asked === undefined ? otherwise : handle(asked, params, settings);
    });
  const beside = { find: (...of: Parameters<typeof ask>) => ask(...of) ?? askBeside(...of) };
  const at = (asked: Asked, params: { readonly position: Position }) => {
    // `checkParams` looks at the position when it is there.
    if (!('position' in params)) throw new InvalidParams('position is missing');
    return offsetOf((asked.context.beside ?? asked.context.definition).tree, params.position);
  };
  const rangeOfParams = (params: { readonly range: Range }) => {
    if (!('range' in params)) throw new InvalidParams('range is missing');
    return params.range;
  };

  connection.onCompletion(
    onDocument('completion', null, (asked, params) =>
      completions.at(asked.context, at(asked, params), params.context?.triggerCharacter),
    ),
  );
  connection.onCompletionResolve(guarded(log, 'completion resolve', (item) => completions.resolve(item)));
  connection.onHover(
    onDocument<TextDocumentPositionParams, Hover | null>(
      'hover',
      null,
      async (asked, params) => {
        const found = hoverAt(asked, at(asked, params));
        return (await asked.planned()) ? hoverAt(asked, at(asked, params)) : found;
      },
      { late: { contents: 'This file is still being read.' } },
    ),
  );
  connection.onDefinition(
    onDocument('definition', null, (asked, params) => definitions(asked, at(asked, params)), beside),
  );
  connection.onReferences(
    onDocument(
      'references',
      null,
      (asked, params) => references(asked, at(asked, params), includesDeclaration(params.context)),
      beside,
    ),
  );
  connection.onDocumentHighlight(
    onDocument('highlight', null, (asked, params) => highlights(asked, at(asked, params)), beside),
  );
  connection.onPrepareRename(
    onDocument('prepare rename', null, (asked, params) => renameTarget(asked, at(asked, params)), beside),
  );
  connection.onRenameRequest(
    onDocument(
      'rename',
      null,
      (asked, params) => {
        workspace.syncUnsaved();
        if (typeof params.newName !== 'string') throw new InvalidParams('newName must be a string');
        return renameEdits(asked, at(asked, params), params.newName, client.versionedEdits);
      },
      beside,
    ),
  );
  connection.onDocumentSymbol(onDocument('document symbols', null, symbols));
  connection.onWorkspaceSymbol(
    guarded(log, 'workspace symbols', async ({ query }, token) => {
      if (typeof query !== 'string') throw new InvalidParams('query must be a string');
      await workspace.syncSliced();
      const found = [];
      for (const project of workspace.projects()) {
        await breathe();
        throwIfCancelled(token);
        found.push(...symbolsOfProject(workspace, project, query, client));
        if (found.length >= MAX_SYMBOLS) break;
      }
      return found.slice(0, MAX_SYMBOLS);
    }),
  );
  connection.onCodeAction(
    onDocument(
      'code actions',
      null,
      (asked, params) => {
        const range = rangeOfParams(params);
        if (!Array.isArray((params.context as { diagnostics?: unknown } | undefined)?.diagnostics)) {
          throw new InvalidParams('context.diagnostics must be a list');
        }
        return actions(asked, range, params.context);
      },
      { checked: true },
    ),
  );
  connection.onCodeLens(
    onDocument('code lenses', null, (asked, { textDocument: { uri } }, settings) => {
      host.lensesAnswered(uri);
      return settings.codeLenses ? lenses(asked) : [];
    }),
  );
  connection.onDocumentLinks(onDocument('document links', null, links));
  connection.onFoldingRanges(onDocument('folding ranges', null, folds));
  connection.languages.semanticTokens.on(
    onDocument('semantic tokens', { data: [] as number[] }, (asked) => tokens(asked)),
  );
  connection.languages.semanticTokens.onRange(
    onDocument('semantic tokens', { data: [] as number[] }, (asked, params) => {
      const { tree } = asked.context.definition;
      const range = rangeOfParams(params);
      return tokens(asked, { start: offsetOf(tree, range.start), end: offsetOf(tree, range.end) });
    }),
  );
  connection.languages.inlayHint.on(
    onDocument('inlay hints', null, (asked, params, settings) =>
      settings.inlayHints ? hints(asked, rangeOfParams(params)) : [],
    ),
  );
  if (!client.actionLiterals) registerFixes(host);
  registerDiagnostics(host);
}

/** Whether the place of the definition is asked for as well. */
function includesDeclaration(context: unknown): boolean {
  const { includeDeclaration } = (context ?? {}) as { readonly includeDeclaration?: unknown };
  if (typeof includeDeclaration !== 'boolean') {
    throw new InvalidParams('context.includeDeclaration must be true or false');
  }
  return includeDeclaration;
}

/** Fixes for clients without code actions: they send the command back, and are asked to apply its edit. */
function registerFixes({ connection, log }: FeatureHost): void {
  connection.onExecuteCommand(
    guarded(log, 'execute command', async ({ command, arguments: args }) => {
      const [params] = Array.isArray(args) ? (args as readonly unknown[]) : [];
      if (command !== APPLY_EDIT || typeof params !== 'object' || params === null || !('edit' in params)) {
        throw new InvalidParams(`there is no command ${command} with these arguments`);
      }
      const { applied, failureReason } = await connection.workspace.applyEdit(
        params as ApplyWorkspaceEditParams,
      );
      if (!applied)
        log.info(`an edit was not applied${failureReason === undefined ? '' : `: ${failureReason}`}`);
      return null;
    }),
  );
}

function registerDiagnostics({ connection, log, diagnostics, client }: FeatureHost): void {
  if (!client.pulls) return;
  connection.languages.diagnostics.on(
    guarded<DocumentDiagnosticParams, DocumentDiagnosticReport, DiagnosticServerCancellationData>(
      log,
      'diagnostics',
      (params, token) => {
        checkParams(params);
        return diagnostics.pull(params.textDocument.uri, params.previousResultId, token);
      },
    ),
  );
  connection.languages.diagnostics.onWorkspace(
    guarded<WorkspaceDiagnosticParams, WorkspaceDiagnosticReport, DiagnosticServerCancellationData>(
      log,
      'workspace diagnostics',
      (params, token) => {
        if (!Array.isArray(params.previousResultIds)) {
          throw new InvalidParams('previousResultIds must be a list');
        }
        return diagnostics.pullWorkspace(params.previousResultIds, token);
      },
    ),
  );
}
