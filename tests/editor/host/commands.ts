/** Commands of the extension as others call them: by id, with the arguments of lenses and trees. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { RunView } from '../../../server/protocol/index.js';
import { note, test, until } from './runner.js';
import { extension, runTask, uriOf } from './support.js';

interface Api {
  readonly activationMs: number;
  readonly ready: () => Promise<void>;
  readonly state: {
    readonly pipelines: readonly {
      readonly name: string;
      readonly uri: string;
      readonly projectUri: string;
      readonly lastRun?: { readonly id: string; readonly status: string };
    }[];
    readonly reload: () => Promise<void>;
  };
}

async function api(): Promise<Api> {
  const exported = (await extension().activate()) as Api;
  await exported.ready();
  return exported;
}

/** Labels of all tabs that show a webview of ours. */
function panels(): readonly string[] {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter((tab) => tab.input instanceof vscode.TabInputWebview && tab.input.viewType.includes('modelyard.'))
    .map((tab) => tab.label);
}

/** The newest ended run of the pipeline `good`, made when there is none. */
async function goodRun(): Promise<{ readonly projectUri: string; readonly id: string }> {
  const { state } = await api();
  const find = () => state.pipelines.find(({ name }) => name === 'good');
  if (find()?.lastRun === undefined) {
    const tasks = await vscode.tasks.fetchTasks({ type: 'modelyard' });
    const task = tasks.find(
      ({ definition }) => definition['pipeline'] === 'good' && definition['task'] === undefined,
    );
    assert.ok(task);
    assert.equal(await runTask(task), 0);
  }
  return until('the run of good to be known', async () => {
    await state.reload();
    const good = find();
    return good?.lastRun?.status === 'succeeded' && { projectUri: good.projectUri, id: good.lastRun.id };
  });
}

test('activation does not wait for the language server', async () => {
  const { activationMs } = await api();
  note('activate(), as the extension measured it', `${activationMs.toFixed(1)} ms`);
  // Loose, because other tests share the machine: the bench holds the bar.
  assert.ok(activationMs < 500, `${activationMs.toFixed(0)} ms`);
});

test('the plan opens as a document that says what would run and why', async () => {
  await vscode.commands.executeCommand('modelyard.planPipeline', uriOf('good.pipeline.yaml').toString());
  const editor = await until('the plan', () =>
    vscode.window.visibleTextEditors.find(({ document }) => document.uri.scheme === 'modelyard-plan'),
  );
  assert.match(editor.document.getText(), /^Plan of good: what a run would do now\n\n\d tasks?: /);
});

test('going to a task puts the cursor on its name', async () => {
  const uri = uriOf('good.pipeline.yaml');
  await vscode.commands.executeCommand('modelyard.revealDefinition', uri.toString(), 'train');
  const editor = await until('the editor', () =>
    vscode.window.activeTextEditor?.document.uri.fsPath === uri.fsPath
      ? vscode.window.activeTextEditor
      : undefined,
  );
  assert.match(editor.document.lineAt(editor.selection.active.line).text, /^\s*train:/);
});

test('the graph and a run have one panel each, however often they are shown', async () => {
  const run = await goodRun();
  for (let time = 0; time < 2; time++) {
    await vscode.commands.executeCommand('modelyard.showGraph', uriOf('good.pipeline.yaml').toString());
    await vscode.commands.executeCommand('modelyard.showRun', run.projectUri, run.id);
  }
  await until('both panels with their names', () => {
    const labels = panels();
    return labels.includes('Graph: good') && labels.includes('Run: good');
  });
  assert.equal(panels().filter((label) => label.startsWith('Graph')).length, 1);
  assert.equal(panels().filter((label) => label.startsWith('Run')).length, 1);
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
});

test('the id of a run is copied', async () => {
  const run = await goodRun();
  await vscode.env.clipboard.writeText('before');
  await vscode.commands.executeCommand('modelyard.copyRunId', { run });
  assert.equal(await vscode.env.clipboard.readText(), run.id);
});

test('an artifact opens as a file that keeps its name and cannot be written', async () => {
  const run = await goodRun();
  const artifact: RunView['tasks'][number]['artifacts'][number] = {
    name: 'model',
    kind: 'model',
    path: 'build/model.txt',
    mime: 'text/plain',
    bytes: 1,
    hash: 'sha256:0',
    // As the cache keeps it: without a name that tells what it is.
    uri: uriOf('good.pipeline.yaml').toString(),
    available: true,
  };
  await vscode.commands.executeCommand('modelyard.openArtifact', {
    run,
    detail: { type: 'artifact', artifact },
  });
  const editor = await until('the artifact', () =>
    vscode.window.visibleTextEditors.find(({ document }) => document.uri.scheme === 'modelyard-artifact'),
  );
  assert.ok(editor.document.uri.path.endsWith('/build/model.txt'));
  assert.equal(vscode.workspace.fs.isWritableFileSystem('modelyard-artifact'), false);
  await assert.rejects(Promise.resolve(vscode.workspace.fs.writeFile(editor.document.uri, new Uint8Array())));
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
});

test('a task of tasks.json that names only a pipeline is completed', async () => {
  const tasks = await vscode.tasks.fetchTasks({ type: 'modelyard' });
  const good = tasks.find(
    ({ definition }) => definition['pipeline'] === 'good' && definition['task'] === undefined,
  );
  assert.ok(good?.execution instanceof vscode.ProcessExecution);
  assert.equal(good.group, vscode.TaskGroup.Build);
  assert.deepEqual(good.problemMatchers, ['$modelyard']);
  const [cli, command, ...rest] = good.execution.args;
  assert.match(cli ?? '', /dist.cli\.js$/);
  assert.equal(command, 'run');
  assert.ok(rest.includes('--project'));
});

test('the language server comes back after a restart', async () => {
  await vscode.commands.executeCommand('modelyard.restartServer');
  const { state } = await api();
  await state.reload();
  assert.ok(state.pipelines.some(({ name }) => name === 'good'));
});
