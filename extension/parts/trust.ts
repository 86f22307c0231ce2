/** Nothing runs in a workspace that isn't trusted, and whoever tries is told why. */
import * as vscode from 'vscode';

const MANAGE = 'Manage Workspace Trust';

function allowed(refusal: string): boolean {
  if (vscode.workspace.isTrusted) return true;
  void vscode.window
    .showWarningMessage(`${refusal} Trust the workspace if you trust its authors.`, MANAGE)
    .then(async (choice) => {
      if (choice === MANAGE) await vscode.commands.executeCommand('workbench.trust.manage');
    });
  return false;
}

/** Whether something may run. When not, says why and how to change it. */
export function mayRun(what: string): boolean {
  return allowed(`${what} is off in Restricted Mode: a pipeline runs commands that its file names.`);
}

/** Whether the project's memory may be changed, or written out. When not, says why and how to change it. */
export function mayChange(): boolean {
  return allowed('Changing models is off in Restricted Mode: what others deploy follows from them.');
}

/** Whether runs may be starred, tagged and archived. When not, says why and how to change it. */
export function mayMark(): boolean {
  return allowed('Runs are not marked in Restricted Mode: the project’s memory came with the folder.');
}

/** Whether what runs ask may be answered. When not, says why and how to change it. */
export function mayAnswer(): boolean {
  return allowed(
    'Approvals are not answered in Restricted Mode: the run would continue with commands that its file names.',
  );
}

/** Whether a memory that came from elsewhere may be trusted. When not, says why and how to change it. */
export function mayTrustMemory(): boolean {
  return allowed('A .modelyard is not trusted in Restricted Mode: what is in it would be used.');
}

/** Whether services may be started, stopped and asked. When not, says why and how to change it. */
export function mayOperate(): boolean {
  return allowed('Services are not touched in Restricted Mode: a release runs commands that its files name.');
}

/** Whether files of the trash may be put back or removed. When not, says why and how to change it. */
export function mayRestore(): boolean {
  return allowed('The trash is not touched in Restricted Mode: it came with the folder.');
}
