/** Orders to services: asked of the server, told to the person, with the way on where something is missing. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import { plain } from '../../server/base/format.js';
import type {
  ServiceItem,
  ServiceOrderParams,
  ServiceOrderResult,
  ServiceOrderView,
  ServiceRef,
} from '../../server/protocol/index.js';
import { message } from '../client.js';
import type { Context } from '../context.js';
import { serviceName } from './rows.js';
import { mayOperate } from '../parts/trust.js';
import { runCommandLine } from '../parts/command-line.js';

const SHOW_LOG = 'Show Log';
const ENTER = 'Enter Values…';

/** Orders that take as long as a release takes to become ready, and that can be called off. */
const LONG: ReadonlySet<ServiceOrderView['verb']> = new Set(['start', 'restart', 'rollback']);

export interface ChangeOptions {
  /** What is going on, for the notification meanwhile: `Rolling back web in staging`. */
  readonly title: string;
  /** What is said when it came to nothing: `web in staging was not rolled back`. */
  readonly failed: string;
  readonly reason?: string;
  /** The service as the person saw it: what has moved since is left alone. */
  readonly seen?: Pick<ServiceItem, 'current' | 'candidate'>;
}

/** Gives an order and waits for what it comes to. Tells the person; answers whether it was carried out. */
export async function orderService(
  context: Context,
  { projectUri, environment, name }: ServiceRef,
  order: ServiceOrderView,
  options: ChangeOptions,
): Promise<boolean> {
  if (!mayOperate()) return false;
  const ref: ServiceRef = { projectUri, environment, name };
  const { title, failed, reason = '', seen } = options;
  const params: ServiceOrderParams = {
    ...ref,
    order,
    ...(reason.trim() === '' ? {} : { reason }),
    ...(seen === undefined
      ? {}
      : { expected: { current: seen.current?.id ?? null, candidate: seen.candidate?.id ?? null } }),
  };
  const result = await withProgress(title, LONG.has(order.verb), (token) => {
    // What is made ready is given up; what serves goes on.
    token.onCancellationRequested(
      () => void context.client.ask('modelyard/serviceOrder', { ...ref, order: { verb: 'abort' } }),
    );
    return context.client.request('modelyard/serviceOrder', params);
  });
  return tellOutcome(context, ref, result, failed, title);
}

async function withProgress<T>(
  title: string,
  cancellable: boolean,
  work: (token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress({ location, title: `${title}…`, cancellable }, (_progress, token) =>
    work(token),
  );
}

function tellOutcome(
  context: Context,
  ref: ServiceRef,
  result: ServiceOrderResult,
  failed: string,
  title: string,
): boolean {
  if (result.ok) {
    void vscode.window.showInformationMessage(`${serviceName(ref)}: ${plain(result.message, 300)}`);
    return true;
  }
  const { missingSecrets = [], command } = result;
  const words = `${failed}: ${plain(result.message, 600)}`;
  if (missingSecrets.length > 0 && command !== undefined) {
    void vscode.window.showErrorMessage(words, ENTER).then(async (choice) => {
      if (choice === ENTER) await withSecrets(context, ref, missingSecrets, command, failed, title);
    });
  } else {
    void vscode.window.showErrorMessage(words, SHOW_LOG).then((choice) => {
      if (choice === SHOW_LOG) void runCommand('showServiceLog', ref);
    });
  }
  return false;
}

/**
 * Asks for the values of secrets and gives the order with them in the environment of our command line, as a person would
 * in a terminal. They are kept by the service's host, in memory, and nowhere else.
 */
async function withSecrets(
  context: Context,
  ref: ServiceRef,
  names: readonly string[],
  command: readonly string[],
  failed: string,
  title: string,
): Promise<void> {
  const env: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const value = await vscode.window.showInputBox({
      title: names.length === 1 ? plain(name) : `${plain(name)} (${index + 1} of ${names.length})`,
      prompt: 'Given to the service, which keeps it in memory. It is written nowhere.',
      password: true,
      ignoreFocusOut: true,
    });
    if (value === undefined) return;
    env[name] = value;
  }
  const folder = vscode.Uri.parse(ref.projectUri);
  const args = [...command, '--project', folder.fsPath, '--json'];
  let result: ServiceOrderResult;
  try {
    result = await withProgress(title, true, async (token) => {
      const { stdout, stderr } = await runCommandLine(context.extension, folder, args, token, env);
      return outcomeOf(stdout, stderr);
    });
  } catch (error) {
    result = { ok: false, message: message(error) };
  }
  tellOutcome(context, ref, result, failed, title);
}

function outcomeOf(stdout: string, stderr: string): ServiceOrderResult {
  try {
    const { ok, message: words } = JSON.parse(stdout) as { ok?: unknown; message?: unknown };
    if (typeof ok === 'boolean' && typeof words === 'string') return { ok, message: words };
  } catch {
    // Told below.
  }
  return { ok: false, message: plain(stderr, 600) };
}
