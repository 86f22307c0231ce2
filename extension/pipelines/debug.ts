/**
 * Debug Task: a run whose Python waits for a debugger (`modelyard run --debug`), and a debug session for each process that does.
 * The session is one of the Python Debugger extension where that is installed, and else one of our own: debugpy itself listens.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import { type WaitingPython, waitingIn } from '../../server/base/runs/waiting-python.js';
import { DEBUGGER_EXTENSION } from './python.js';
import type { PipelineTask, PipelineTasks, Runnable } from './tasks.js';

/** Contributed in package.json, with breakpoints in Python files. */
const OWN_TYPE = 'modelyard-python';
/** How often it is looked whether a process waits. */
const LOOK_MS = 150;

/** What of the Python Debugger's API is asked for here. */
interface DebuggerApi {
  readonly debug?: { getDebuggerPackagePath?(): Promise<string | undefined> };
}

/** The folder that holds the debugpy of the Python Debugger; `undefined`: that extension is not there. */
async function bundledDebugpy(): Promise<string | undefined> {
  const found = vscode.extensions.getExtension<DebuggerApi | undefined>(DEBUGGER_EXTENSION);
  if (found === undefined) return undefined;
  const api = await found.activate();
  const own = await api?.debug?.getDebuggerPackagePath?.();
  return own === undefined ? path.join(found.extensionPath, 'bundled', 'libs') : path.dirname(own);
}

/** Starts the run, and attaches to what waits until it ends. */
export async function debugTask(
  tasks: PipelineTasks,
  pipeline: Runnable,
  what: Omit<PipelineTask, 'type'>,
): Promise<void> {
  const debugpy = await bundledDebugpy();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-debug-'));
  const file = path.join(folder, 'waiting');
  writeFileSync(file, '');
  const variables = {
    MODELYARD_DEBUG_FILE: file,
    ...(debugpy === undefined ? {} : { MODELYARD_DEBUGPY: debugpy }),
  };
  const task = tasks.debugged({ ...what, type: 'modelyard' }, pipeline, variables);
  const workspace = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(pipeline.uri));
  const type = debugpy === undefined ? OWN_TYPE : 'debugpy';
  let attached = 0;
  const look = async (): Promise<void> => {
    const waiting = waitingIn(readText(file));
    while (attached < waiting.length) {
      const one = waiting[attached++];
      if (one === undefined) continue;
      const { host, port } = one;
      const name = `${plain(what.task ?? pipeline.name)} (${plain(pipeline.name)})`;
      await vscode.debug.startDebugging(workspace, {
        ...{ type, name, request: 'attach', connect: { host, port }, justMyCode: true },
      });
    }
  };
  const clock = setInterval(() => void look(), LOOK_MS);
  const execution = await vscode.tasks.executeTask(task);
  const ended = vscode.tasks.onDidEndTask((event) => {
    if (event.execution !== execution) return;
    ended.dispose();
    clearInterval(clock);
    rmSync(folder, { recursive: true, force: true });
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The run has ended meanwhile.
    return '';
  }
}

/** Sessions where there is no Python Debugger: straight to debugpy, which waits in the process. */
export function registerDebugger(extension: vscode.ExtensionContext): void {
  extension.subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory(OWN_TYPE, {
      createDebugAdapterDescriptor: ({ configuration }) => {
        const { host, port } = (configuration['connect'] ?? {}) as Partial<WaitingPython>;
        if (typeof port !== 'number') throw new Error('`connect` says no `port`');
        return new vscode.DebugAdapterServer(port, host);
      },
    }),
    // A child of the process has started: debugpy asks for a session of its own.
    vscode.debug.onDidReceiveDebugSessionCustomEvent(({ session, event, body }) => {
      if (session.type !== OWN_TYPE || event !== 'debugpyAttach') return;
      const { name, ...asked } = body as { readonly name: string; readonly connect: object };
      void vscode.debug.startDebugging(
        session.workspaceFolder,
        { ...asked, name, type: OWN_TYPE, request: 'attach' },
        { parentSession: session, lifecycleManagedByParent: true },
      );
    }),
  );
}
