/** What links in panels lead to. */
import { runCommand } from '../../contributed.js';

export async function openRun(projectUri: string, id: string): Promise<void> {
  await runCommand('showRun', projectUri, id);
}

export async function openVersion(projectUri: string, model: string, version: string): Promise<void> {
  await runCommand('showModelVersion', { projectUri, model, version });
}
