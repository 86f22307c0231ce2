/** A version of a model from what a run has made, by the command line: bytes are copied and hashed. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { ArtifactView, RunView } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { mayChange } from '../parts/trust.js';
import { askName, pickOne, tell } from '../parts/ask.js';
import { runCommandLine } from '../parts/command-line.js';

/** Asks which artifact, and of which model it is a version. */
export async function registerFromRun(context: Context, run: RunView): Promise<void> {
  if (!mayChange()) return;
  const all = run.tasks.flatMap(({ artifacts }) => artifacts);
  const made = [...new Map(all.map((artifact) => [artifact.path, artifact])).values()];
  if (made.length === 0) {
    void vscode.window.showInformationMessage(
      `Run ${plain(run.id)} has made nothing that can be registered.`,
    );
    return;
  }
  const rank = ({ kind }: ArtifactView): number => (kind === 'model' ? 0 : 1);
  const artifact = await pickOne(
    made
      .toSorted((a, b) => rank(a) - rank(b))
      .map((one) => ({ label: plain(one.path), description: one.kind, value: one })),
    { title: 'Register Model (1/2)', placeHolder: 'What is the model?' },
  );
  if (artifact === undefined) return;
  if (!artifact.available) {
    tell(
      'It can’t be registered',
      `${artifact.path} has changed since this run, and no copy of it was kept.`,
    );
    return;
  }
  const model = await askName(context.client, 'model', {
    title: 'Register Model (2/2)',
    prompt: 'Its name; one that is there gets a new version.',
    value: plain(run.pipeline),
  });
  if (model === undefined || model === '') return;
  const root = vscode.Uri.parse(run.projectUri);
  const args = ['models', 'register', model, artifact.path, '--run', run.id, '--project', root.fsPath];
  const { exitCode, stdout, stderr } = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Registering ${plain(model)}…`,
      cancellable: true,
    },
    (_, token) => runCommandLine(context.extension, root, args, token),
  );
  if (exitCode === 0) void vscode.window.showInformationMessage(plain(stdout, 300));
  else tell('Nothing was registered', stderr.replaceAll('modelyard: ', ''));
}
