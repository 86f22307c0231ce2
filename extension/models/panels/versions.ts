/** Two model versions side by side; as a proposal, with the button that moves an alias from the one to the other. */
import { defined } from '../../../server/base/defined.js';
import * as vscode from 'vscode';
import { plain } from '../../../server/base/format.js';
import type { FromVersions, Proposal, ToVersions } from '../../../media/webviews/shared/messages/model.js';
import type { VersionRef } from '../../../server/protocol/index.js';
import { changeModel, sayChanged } from '../change.js';
import type { Context } from '../../context.js';
import { openRun, openVersion } from '../../parts/panels/open.js';
import { Panels, type PanelHandle } from '../../parts/panels/panels.js';

/** An alias that is to move between two versions of a model. */
export interface AliasProposal {
  readonly projectUri: string;
  readonly model: string;
  readonly alias: string;
  readonly from: string;
  readonly to: string;
  readonly action: Proposal['action'];
}

export interface VersionPanels {
  compare(a: VersionRef, b: VersionRef): void;
  /** Shows what differs, and asks whether to do it. */
  propose(proposal: AliasProposal): void;
}

/** What a panel is about; its values survive a reload of the window as texts. */
interface Subject {
  readonly a: VersionRef;
  readonly b: VersionRef;
  readonly proposal?: Proposal;
}

function subjectOf(values: readonly string[]): Subject {
  const [projectUri = '', modelA = '', versionA = '', modelB = '', versionB = '', action = '', alias = ''] =
    values;
  const proposes = action === 'set-alias' || action === 'roll-back';
  return {
    a: { projectUri, model: modelA, version: versionA },
    b: { projectUri, model: modelB, version: versionB },
    ...(proposes ? { proposal: { action, alias, from: versionA, to: versionB } } : {}),
  };
}

function titleOf(values: readonly string[]): string {
  const { a, b, proposal } = subjectOf(values);
  if (proposal !== undefined)
    return `${proposal.action === 'roll-back' ? 'Roll Back' : 'Move'} ${plain(proposal.alias, 24)}: ${a.version} → ${b.version}`;
  const second = a.model === b.model ? b.version : `${plain(b.model, 24)} ${b.version}`;
  return `Compare ${plain(a.model, 24)} ${a.version} ↔ ${second}`;
}

export function registerVersionPanels(context: Context): VersionPanels {
  const { extension, client, state } = context;

  const show = async (handle: PanelHandle<ToVersions>): Promise<void> => {
    const { a, b, proposal } = subjectOf(handle.values);
    const answer = await client.ask('modelyard/compareModels', {
      projectUri: a.projectUri,
      a: { model: a.model, version: a.version },
      b: { model: b.model, version: b.version },
    });
    if (answer?.ok !== true) {
      const message = answer?.message ?? 'The language server does not answer.';
      handle.post({ type: 'missing', message });
      return;
    }
    handle.post({
      type: 'comparison',
      comparison: answer.comparison,
      canChange: vscode.workspace.isTrusted,
      ...defined({ proposal }),
    });
  };

  const decide = async (handle: PanelHandle<ToVersions>, reason: string): Promise<void> => {
    const { a, b, proposal } = subjectOf(handle.values);
    if (proposal === undefined) return;
    const { alias, action } = proposal;
    const made = await changeModel(
      context,
      a,
      action === 'roll-back'
        ? { kind: 'roll-back', alias, expected: a.version }
        : { kind: 'set-alias', alias, version: b.version, expected: a.version },
      reason,
    );
    if (!made) {
      handle.post({ type: 'refused' });
      return;
    }
    handle.panel.dispose();
    const did = action === 'roll-back' ? 'was rolled back' : 'moved';
    sayChanged(a, `${alias} of ${a.model} ${did} from version ${a.version} to ${b.version}.`);
  };

  const panels = new Panels<ToVersions, FromVersions>(extension, {
    page: 'versions',
    title: titleOf,
    show,
    receive: async (handle, message) => {
      const { a } = subjectOf(handle.values);
      const { projectUri } = a;
      switch (message.type) {
        case 'ready':
          return;
        case 'openVersion':
          await openVersion(projectUri, message.model, message.version);
          return;
        case 'openRun':
          await openRun(projectUri, message.id);
          return;
        case 'confirm':
          await decide(handle, message.reason);
          return;
        case 'cancel':
          handle.panel.dispose();
          return;
      }
    },
  });
  const refresh = (): void => {
    for (const handle of panels.handles) if (handle.panel.visible) void show(handle);
  };
  extension.subscriptions.push(
    state.onDidChangeModels(refresh),
    vscode.workspace.onDidGrantWorkspaceTrust(refresh),
  );
  return {
    compare: (a, b) => void panels.reveal([a.projectUri, a.model, a.version, b.model, b.version]),
    propose: ({ projectUri, model, from, to, action, alias }) =>
      void panels.reveal([projectUri, model, from, model, to, action, alias]),
  };
}
