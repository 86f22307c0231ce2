/** The extension's door: builds the context, registers the parts, and waits for nothing. */
import type * as vscode from 'vscode';
import { registerAlertNotices } from './alert-notices.js';
import { registerApprovalNotices } from './approval-notices.js';
import { Approvals } from './approvals.js';
import { registerArtifactFiles } from './artifact-files.js';
import { Client } from './client.js';
import { approvalCommands } from './commands/approvals.js';
import { registerCommands } from './commands/bodies.js';
import { featureCommands } from './commands/features.js';
import { memoryCommands } from './commands/memories.js';
import { modelCommands } from './commands/models.js';
import { openServiceCommand } from './commands/open-service.js';
import { pipelineCommands } from './commands/pipelines.js';
import { projectCommands } from './commands/project.js';
import { experimentCommands } from './commands/experiments.js';
import { runMarkCommands } from './commands/run-marks.js';
import { runCommands } from './commands/runs.js';
import { serviceCommands } from './commands/services.js';
import { trashCommands } from './commands/trash.js';
import type { Context } from './context.js';
import { ForeignMemories } from './foreign-memories.js';
import { registerMemoryNotices } from './memory-notices.js';
import { registerExpiredQuestions } from './expired-questions.js';
import { registerFileStatus } from './file-status.js';
import { registerModelDocuments } from './model-documents.js';
import { registerApprovalPanels } from './panels/approval.js';
import { registerComparePanels } from './panels/compare.js';
import { registerExperimentPanels } from './panels/experiments.js';
import { registerGraphPanels } from './panels/graph.js';
import { registerHistoryPanels } from './panels/history.js';
import { registerLineagePanels } from './panels/lineage.js';
import { registerPreviewPanels } from './panels/preview.js';
import { registerProfilePanels } from './panels/profile.js';
import { registerRunPanels } from './panels/run.js';
import { registerServicePanels } from './panels/service.js';
import { registerVersionPanels } from './panels/versions.js';
import { SelectedPython, registerPythonStatus } from './python.js';
import { RunChanges } from './run-changes.js';
import { State } from './state.js';
import { registerStatusBar } from './status-bar.js';
import { registerTerminalCommand } from './terminal-command.js';
import { registerTasks } from './tasks.js';
import { TextDocuments } from './text-documents.js';
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
  registerFileStatus(context);
  registerTerminalCommand(extension);
  registerApprovalNotices(context);
  const changes = new RunChanges(extension, client);
  registerExpiredQuestions(context, { tasks, changes });
  const services = registerServicesView(context);
  registerAlertNotices(context, services.tree);
  registerMemoryNotices(context);
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
