/** Who changed what of a model, when and why. */
import { plain } from '../../../server/base/format.js';
import type { FromHistory, ToHistory } from '../../../media/webviews/shared/messages/model.js';
import type { ModelHistoryEntry, ModelRef } from '../../../server/protocol/index.js';
import type { Context } from '../../context.js';
import { openRun, openVersion } from '../../parts/panels/open.js';
import { Panels, type PanelHandle } from '../../parts/panels/panels.js';

const PAGE = 100;

export interface HistoryPanels {
  /** Of the model, or only what concerns one version. */
  show(ref: ModelRef, version?: string): void;
}

export function registerHistoryPanels({ extension, client, state }: Context): HistoryPanels {
  /** How many entries a panel shows. */
  const limits = new WeakMap<PanelHandle<ToHistory>, number>();

  const show = async (handle: PanelHandle<ToHistory>): Promise<void> => {
    const [projectUri = '', model = '', version = ''] = handle.values;
    const limit = limits.get(handle) ?? PAGE;
    const answer = await client.ask('modelyard/modelHistory', {
      projectUri,
      model,
      limit,
      ...(version === '' ? {} : { version }),
    });
    const of = { model, ...(version === '' ? {} : { version }) };
    if (answer?.ok !== true) {
      handle.post({
        type: 'missing',
        ...of,
        message: answer?.message ?? 'The language server does not answer.',
      });
      return;
    }
    const entries: readonly ModelHistoryEntry[] = answer.entries;
    handle.post({ type: 'history', ...of, entries, more: answer.more });
  };

  const panels = new Panels<ToHistory, FromHistory>(extension, {
    page: 'history',
    title: ([, model = '', version = '']) =>
      `History: ${plain(model, 32)}${version === '' ? '' : `, version ${version}`}`,
    show,
    receive: async (handle, message) => {
      const [projectUri = '', model = ''] = handle.values;
      switch (message.type) {
        case 'ready':
          return;
        case 'more':
          limits.set(handle, (limits.get(handle) ?? PAGE) + PAGE);
          await show(handle);
          return;
        case 'openRun':
          await openRun(projectUri, message.id);
          return;
        case 'openVersion':
          await openVersion(projectUri, model, message.version);
          return;
      }
    },
  });
  extension.subscriptions.push(
    state.onDidChangeModels(() => {
      for (const handle of panels.handles) if (handle.panel.visible) void show(handle);
    }),
  );
  return {
    show: ({ projectUri, model }, version) => void panels.reveal([projectUri, model, version ?? '']),
  };
}
