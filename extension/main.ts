/** The extension's door: builds the context, registers the parts, and waits for nothing. */
import type * as vscode from 'vscode';
import { registerAlertNotices } from './services/alert-notices.js';
import { registerApprovalNotices } from './approvals/notices.js';
import { Approvals } from './approvals/approvals.js';
import { registerArtifactFiles } from './runs/artifacts/files.js';
import { Client } from './client.js';
import { approvalCommands } from './approvals/commands.js';
import { registerCommands } from './parts/bodies.js';
import { featureCommands } from './features/commands.js';
import { memoryCommands } from './project/memory-commands.js';
import { modelCommands } from './models/commands.js';
import { openServiceCommand } from './services/open.js';
import { pipelineCommands } from './pipelines/commands.js';
import { dvcDataCommands } from './pipelines/dvc-data.js';
import { projectCommands } from './project/commands.js';
import { experimentCommands } from './runs/experiments/commands.js';
import { runMarkCommands } from './runs/mark-commands.js';
import { runCommands } from './runs/commands.js';
import { serviceCommands } from './services/commands.js';
import { trashCommands } from './project/trash-commands.js';
import type { Context } from './context.js';
import { ForeignMemories } from './project/foreign-memories.js';
import { registerMemoryNotices } from './project/memory-notices.js';
import { registerExpiredQuestions } from './approvals/expired-questions.js';
import { registerDebugger } from './pipelines/debug.js';
import { registerFileStatus } from './pipelines/file-status.js';
import { registerModelDocuments } from './models/documents.js';
import { registerApprovalPanels } from './approvals/panel.js';
import { registerComparePanels } from './runs/compare-panel.js';
import { registerExperimentPanels } from './runs/experiments/panel.js';
import { registerGraphPanels } from './pipelines/graph-panel.js';
import { registerHistoryPanels } from './models/panels/history.js';
import { registerLineagePanels } from './models/panels/lineage.js';
import { registerPreviewPanels } from './features/preview-panel.js';
import { registerProfilePanels } from './features/profile-panel.js';
import { registerRunPanels } from './runs/panel.js';
import { registerServicePanels } from './services/panel.js';
import { registerVersionPanels } from './models/panels/versions.js';
import { SelectedPython, registerPythonStatus } from './pipelines/python.js';
import { RunChanges } from './runs/changes.js';
import { State } from './parts/state.js';
import { registerStatusBar } from './parts/status-bar.js';
import { registerTerminalCommand } from './terminal-command.js';
import { registerTasks } from './pipelines/tasks.js';
import { TextDocuments } from './parts/text-documents.js';
import { registerFeaturesView } from './features/tree.js';
import { registerModelsView } from './models/tree.js';
import { registerPipelinesView } from './pipelines/tree.js';
import { registerRunsView } from './runs/tree.js';
import { registerServicesView } from './services/tree.js';
import { TrackingClients } from './tracking/clients.js';
import { registerTrackingStatus, trackingCommands } from './tracking/commands.js';

/** What the extension gives to tests. */
export interface Api {
  /** How long `activate` took, in milliseconds. */
  readonly activationMs: number;
  /** Resolves when the language server answers. */
  readonly ready: () => Promise<void>;
  readonly state: State;
}

export function activate(extension: vscode.ExtensionContext): Api {
  const begin = performance.now();
  const client = new Client(extension);
  const state = new State(client);
  const approvals = new Approvals(client, state);
  const memories = new ForeignMemories(client, state);
  const python = new SelectedPython(client, state);
  const context: Context = { extension, client, state, approvals, memories, python };
  extension.subscriptions.push(client, state, approvals, memories, python);

  const tasks = registerTasks(context);
  const view = registerRunsView(context);
  registerPipelinesView(context);
  registerArtifactFiles(extension);
  registerModelDocuments(context);
  registerStatusBar(context);
  registerPythonStatus(extension, client, state, python);
  registerDebugger(extension);
  registerFileStatus(context);
  registerTerminalCommand(extension);
  registerApprovalNotices(context);
  const changes = new RunChanges(extension, client);
  registerExpiredQuestions(context, { tasks, changes });
  const services = registerServicesView(context);
  registerAlertNotices(context, services.tree);
  registerMemoryNotices(context);
  const clients = new TrackingClients(context);
  extension.subscriptions.push(clients);
  registerTrackingStatus(context, clients);
  registerCommands(context, {
    ...pipelineCommands(context, {
      tasks,
      graphs: registerGraphPanels(context),
      plans: new TextDocuments(
        extension,
        'modelyard-plan',
        'This plan is gone. Make it again with “Modelyard: Plan Pipeline”.',
      ),
    }),
    ...runCommands(context, {
      tasks,
      changes,
      runs: registerRunPanels(context),
      compare: registerComparePanels(context),
      view,
    }),
    ...runMarkCommands(context, view),
    ...experimentCommands(context, registerExperimentPanels(context)),
    ...dvcDataCommands(context),
    ...trashCommands(context),
    ...approvalCommands(context, { tasks, changes, panels: registerApprovalPanels(context) }),
    ...featureCommands(context, {
      tree: registerFeaturesView(context),
      preview: registerPreviewPanels(context),
      profile: registerProfilePanels(context),
    }),
    ...modelCommands(context, {
      view: registerModelsView(context),
      versions: registerVersionPanels(context),
      history: registerHistoryPanels(context),
      lineage: registerLineagePanels(context),
    }),
    ...serviceCommands(context, services),
    ...openServiceCommand(context, registerServicePanels(context)),
    ...projectCommands(context),
    ...memoryCommands(context),
    ...trackingCommands(clients),
  });

  // Its failure is told by the client itself.
  client.start().catch(() => undefined);
  return {
    activationMs: performance.now() - begin,
    ready: async () => {
      await client.start();
    },
    state,
  };
}
