/** Opens files that a run or a model version put out, by what they are; nothing in them is executed. */
import * as vscode from 'vscode';
import type { ArtifactView } from '../../../server/protocol/index.js';
import { artifactUri } from './files.js';
import { showReport } from './report.js';
import { openerFor } from './artifacts.js';

/**
 * @param owner stands in the address of a kept copy: a run's id, or a model with its version
 * @param artifact its path gives the name that tells what it is; its URI is where the bytes are
 */
export async function openBytes(
  owner: string,
  artifact: Pick<ArtifactView, 'path' | 'mime' | 'uri'>,
): Promise<void> {
  const source = vscode.Uri.parse(artifact.uri);
  const own = source.path.endsWith(`/${artifact.path}`)
    ? source
    : artifactUri(owner, artifact.path, artifact.uri);
  switch (openerFor(artifact)) {
    case 'html':
      await showReport(artifact.path.split('/').at(-1) ?? artifact.path, source);
      return;
    case 'folder':
    case 'image':
    case 'text':
    case 'other':
      // For a binary file the editor says so itself, and offers what can open it.
      await vscode.commands.executeCommand('vscode.open', own, { preview: true });
      return;
  }
}
