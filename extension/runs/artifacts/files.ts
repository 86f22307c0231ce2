/**
 * Artifacts of runs as read-only files under their own names. The cache keeps content by hash, without the extension that
 * tells an editor how to show it; `modelyard-artifact:/<run>/<path>?<source>` gives the name back and no way to write.
 */
import * as vscode from 'vscode';
import { SingleFiles } from '../../parts/single-files.js';

const SCHEME = 'modelyard-artifact';

/** Where an artifact of a run can be opened as a file that keeps its name. */
export function artifactUri(runId: string, path: string, source: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${runId}/${path}`, query: source });
}

/** A run's content never changes. */
class ArtifactFiles extends SingleFiles {
  override async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const stat = await vscode.workspace.fs.stat(sourceOf(uri));
    return { ...stat, permissions: vscode.FilePermission.Readonly };
  }

  override async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return vscode.workspace.fs.readFile(sourceOf(uri));
  }

  override writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
}

/** Only files of the disk, so that no other extension's file system is read by way of ours. */
function sourceOf(uri: vscode.Uri): vscode.Uri {
  const source = vscode.Uri.parse(uri.query, true);
  if (source.scheme !== 'file') throw vscode.FileSystemError.FileNotFound(uri);
  return source;
}

export function registerArtifactFiles(extension: vscode.ExtensionContext): void {
  extension.subscriptions.push(
    vscode.workspace.registerFileSystemProvider(SCHEME, new ArtifactFiles(), {
      isReadonly: true,
      isCaseSensitive: true,
    }),
  );
}
