/** The extension as a whole: it starts quickly, and what its manifest promises is there. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { diagnostic, extension } from './support.js';
import { note, test } from './runner.js';

/**
 * What VS Code's own extension for JSON needs in the same window, in milliseconds: it starts a language client, too.
 * Undefined where something else has activated it already.
 */
async function peerActivation(): Promise<number | undefined> {
  const peer = vscode.extensions.getExtension('vscode.json-language-features');
  if (peer === undefined || peer.isActive) return undefined;
  const start = performance.now();
  await peer.activate();
  return performance.now() - start;
}

test('activates, and the first diagnostics follow', async () => {
  const start = performance.now();
  // The window may have activated it before: what it took is what it says itself, the loading of its file left out.
  const api = (await extension().activate()) as { readonly activationMs: number };
  const activated = api.activationMs;
  await diagnostic('broken.pipeline.yaml', 'schema/unknown-key');
  const diagnosed = performance.now() - start;
  note('activate()', `${activated.toFixed(1)} ms`);
  note('first diagnostics of a file that nobody opened', `${diagnosed.toFixed(0)} ms`);
  const peer = await peerActivation();
  if (peer !== undefined) note("activate() of VS Code's own JSON extension", `${peer.toFixed(0)} ms`);
  // Loose, because other tests share the machine: `npm run bench` holds the real bars.
  assert.ok(activated < 10_000, `activation took ${activated.toFixed(0)} ms`);
  assert.ok(diagnosed < 60_000, `the first diagnostics took ${diagnosed.toFixed(0)} ms`);
});

test('every command of the manifest is registered', async () => {
  interface Manifest {
    readonly contributes: { readonly commands: readonly { readonly command: string }[] };
  }
  const manifest = extension().packageJSON as Manifest;
  const known = new Set(await vscode.commands.getCommands(true));
  const missing = manifest.contributes.commands.map(({ command }) => command).filter((id) => !known.has(id));
  assert.deepEqual(missing, []);
});
