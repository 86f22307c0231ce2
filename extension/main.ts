/** The extension's door: builds the context, registers the parts, and waits for nothing. */
import type * as vscode from 'vscode';
import { registerAlertNotices } from './alert-notices.js';
import { registerApprovalNotices } from './approval-notices.js';
import { Approvals } from './approvals.js';
import { registerArtifactFiles } from './artifact-files.js';
import { Client } from './client.js';
import { registerApprovalCommands } from './commands/approvals.js';
import { registerFeatureCommands } from './commands/features.js';
import { registerMemoryCommands } from './commands/memories.js';
import { registerModelCommands } from './commands/models.js';
import { registerOpenService } from './commands/open-service.js';
import { registerPipelineCommands } from './commands/pipelines.js';
import { registerProjectCommands } from './commands/project.js';
import { registerRunCommands } from './commands/runs.js';
import { registerServiceCommands } from './commands/services.js';
import { registerTrashCommands } from './commands/trash.js';
import type { Context } from './context.js';
import { ForeignMemories } from './foreign-memories.js';
import { registerMemoryNotices } from './memory-notices.js';
import { registerExpiredQuestions } from './expired-questions.js';
import { registerFileStatus } from './file-status.js';
import { registerModelDocuments } from './model-documents.js';
import { registerApprovalPanels } from './panels/approval.js';
import { registerComparePanels } from './panels/compare.js';
import { registerGraphPanels } from './panels/graph.js';
import { registerHistoryPanels } from './panels/history.js';
import { registerLineagePanels } from './panels/lineage.js';
import { registerPreviewPanels } from './panels/preview.js';
import { registerProfilePanels } from './panels/profile.js';
import { registerRunPanels } from './panels/run.js';
import { registerServicePanels } from './panels/service.js';
import { registerVersionPanels } from './panels/versions.js';
import { PlanDocuments } from './plan-document.js';
import { RunChanges } from './run-changes.js';
import { State } from './state.js';
import { registerStatusBar } from './status-bar.js';
import { registerTasks } from './tasks.js';
import { registerFeaturesView } from './views/features.js';
import { registerModelsView } from './views/models.js';
import { registerPipelinesView } from './views/pipelines.js';
import { registerRunsView } from './views/runs.js';
import { registerServicesView } from './views/services.js';

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
  const context: Context = { extension, client, state, approvals, memories };
  extension.subscriptions.push(client, state, approvals, memories);

  const tasks = registerTasks(context);
  const view = registerRunsView(context);
  registerPipelinesView(context);
  registerArtifactFiles(extension);
  registerModelDocuments(context);
  registerStatusBar(context);
  registerFileStatus(context);
  registerPipelineCommands(context, {
    tasks,
    graphs: registerGraphPanels(context),
    plans: new PlanDocuments(extension),
  });
  const changes = new RunChanges(extension, client);
  registerRunCommands(context, {
    tasks,
    changes,
    runs: registerRunPanels(context),
    compare: registerComparePanels(context),
    view,
  });
  registerTrashCommands(context);
  registerApprovalNotices(context);
  registerExpiredQuestions(context, { tasks, changes });
  registerApprovalCommands(context, { tasks, changes, panels: registerApprovalPanels(context) });
  registerFeatureCommands(context, {
    tree: registerFeaturesView(context),
    preview: registerPreviewPanels(context),
    profile: registerProfilePanels(context),
  });
  registerModelCommands(context, {
    view: registerModelsView(context),
    versions: registerVersionPanels(context),
    history: registerHistoryPanels(context),
    lineage: registerLineagePanels(context),
  });
  const services = registerServicesView(context);
  registerServiceCommands(context, services);
  registerAlertNotices(context, services.tree);
  registerOpenService(context, registerServicePanels(context));
  registerProjectCommands(context);
  registerMemoryCommands(context);
  registerMemoryNotices(context);

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
