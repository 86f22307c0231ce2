/** Commands on services that look: address, log, history, the model and the run of a release. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import { ago, localDateTime, plain } from '../../server/base/format.js';
import type { AlertItem, ServiceHistoryEntry, ServiceRef } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { dots } from '../parts/item-text.js';
import { eventIcon } from './detail-rows.js';
import { serviceName } from './rows.js';
import type { ServicesView } from './tree.js';
import { bodies } from '../parts/bodies.js';
import { pickOne } from '../parts/ask.js';
import { serviceOrderCommands } from './orders.js';
import { serviceSampleCommand } from './sample.js';
import { releaseIn, serviceFor, serviceIn } from './targets.js';

const MOST_EVENTS = 500;

async function openInBrowser(context: Context, argument: unknown): Promise<void> {
  const service = await serviceFor(context, argument, {
    placeHolder: 'Open which service?',
    passes: ({ hosted }) => hosted,
    none: 'No service runs.',
  });
  if (!service) return;
  if (!service.hosted) {
    void vscode.window.showInformationMessage(`${serviceName(service)} does not run.`);
    return;
  }
  // In a remote window the port has to be brought here first.
  const uri = await vscode.env.asExternalUri(vscode.Uri.parse(service.url));
  await vscode.env.openExternal(uri);
}

async function copyUrl(context: Context, argument: unknown): Promise<void> {
  const service = await serviceFor(context, argument, { placeHolder: 'Copy the address of which service?' });
  if (!service) return;
  await vscode.env.clipboard.writeText(service.url);
  vscode.window.setStatusBarMessage(`Copied ${plain(service.url)}`, 3000);
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    return (await vscode.workspace.fs.stat(uri)).size > 0;
  } catch {
    return false;
  }
}

/** What the app prints; what the host says where the app has printed nothing. */
async function showLog(context: Context, argument: unknown): Promise<void> {
  const service = await serviceFor(context, argument, { placeHolder: 'Show the log of which service?' });
  if (!service) return;
  for (const one of [service.logUri, service.hostLogUri]) {
    const uri = vscode.Uri.parse(one);
    if (!(await exists(uri))) continue;
    await vscode.commands.executeCommand('vscode.open', uri, { preview: true });
    return;
  }
  void vscode.window.showInformationMessage(`${serviceName(service)} has printed nothing yet.`);
}

async function showHistory(context: Context, argument: unknown): Promise<void> {
  const service = await serviceFor(context, argument, { placeHolder: 'The history of which service?' });
  if (!service) return;
  const { projectUri, environment, name } = service;
  const params = { projectUri, environment, name, limit: MOST_EVENTS };
  const answer = await context.client.request('modelyard/serviceHistory', params);
  if (!answer.ok) throw new Error(answer.message);
  const now = Date.now();
  const entry = await pickOne<ServiceHistoryEntry>(
    answer.entries.map((one) => ({
      label: `$(${eventIcon(one)}) ${plain(one.text, 160)}`,
      description: dots(
        ago(one.at, now),
        one.who === undefined ? undefined : plain(one.who, 60),
        one.reason === undefined ? undefined : `“${plain(one.reason, 100)}”`,
      ),
      detail: dots(localDateTime(one.at), one.runId === undefined ? undefined : 'Enter shows the run'),
      value: one,
    })),
    { title: `History of ${serviceName(service)}`, placeHolder: 'What happened, the newest first' },
  );
  if (entry?.runId !== undefined) await runCommand('showRun', projectUri, entry.runId);
}

/** The run that deployed a release, or that an event of the history comes from. */
async function showReleaseRun(argument: unknown): Promise<void> {
  const placed = releaseIn(argument);
  const row =
    typeof argument === 'object' && argument !== null && 'row' in argument ? argument.row : undefined;
  const entry =
    typeof row === 'object' && row !== null && 'entry' in row
      ? (row.entry as ServiceHistoryEntry)
      : undefined;
  const runId = entry?.runId ?? placed?.release.runId;
  const projectUri = serviceIn(argument)?.projectUri ?? placed?.projectUri;
  if (runId === undefined || projectUri === undefined) {
    void vscode.window.showInformationMessage('It was not made by a run.');
    return;
  }
  await runCommand('showRun', projectUri, runId);
}

async function showReleaseModel(argument: unknown): Promise<void> {
  const placed = releaseIn(argument);
  const model = placed?.release.model;
  if (placed === undefined || model === undefined) {
    void vscode.window.showInformationMessage('This release has no model.');
    return;
  }
  const ref = { projectUri: placed.projectUri, model: model.name, version: model.version };
  await runCommand('showModelVersion', ref);
}

/** Opens the line of the pipeline that sets a rule. */
async function showAlertRule(argument: unknown): Promise<void> {
  const row =
    typeof argument === 'object' && argument !== null && 'row' in argument ? argument.row : undefined;
  const alert =
    typeof row === 'object' && row !== null && 'alert' in row ? (row.alert as AlertItem) : undefined;
  if (alert?.place === undefined) return;
  const { uri, line, character } = alert.place;
  const at = new vscode.Position(line, character);
  await vscode.window.showTextDocument(vscode.Uri.parse(uri), { selection: new vscode.Range(at, at) });
}

async function reveal(view: ServicesView, ref: ServiceRef | undefined): Promise<void> {
  if (ref !== undefined && !(await view.reveal(ref)))
    void vscode.window.showWarningMessage(`There is no service ${serviceName(ref)} any more.`);
}

/** Bodies of the commands. */
export function serviceCommands(context: Context, view: ServicesView) {
  return bodies({
    ...serviceOrderCommands(context),
    sendServiceSample: serviceSampleCommand(context),
    openServiceInBrowser: (argument) => openInBrowser(context, argument),
    copyServiceUrl: (argument) => copyUrl(context, argument),
    showServiceLog: (argument) => showLog(context, argument),
    showServiceHistory: (argument) => showHistory(context, argument),
    showReleaseRun,
    showReleaseModel,
    showAlertRule,
    revealService: async (argument) =>
      reveal(view, await serviceFor(context, argument, { placeHolder: 'Show which service?' })),
  });
}
