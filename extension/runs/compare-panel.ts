/** Runs side by side: what went in, what came out, and their curves over each other. */
import type { FromCompare, ToCompare } from '../../media/webviews/shared/messages/index.js';
import type { RunRef } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { openRun } from '../parts/panels/open.js';
import { Panels, type PanelHandle } from '../parts/panels/panels.js';

export interface ComparePanels {
  show(runs: readonly RunRef[]): void;
}

export function registerComparePanels({ extension, client }: Context): ComparePanels {
  const show = async (handle: PanelHandle<ToCompare>): Promise<void> => {
    const refs = handle.values.flatMap((value): RunRef[] => {
      const hash = value.lastIndexOf('#');
      return hash < 0 ? [] : [{ projectUri: value.slice(0, hash), id: value.slice(hash + 1) }];
    });
    const found = await Promise.all(refs.map(async (ref) => client.ask('modelyard/run', ref)));
    handle.post({
      type: 'runs',
      runs: found.flatMap((run) => (run ? [run] : [])),
      missing: refs.filter((_, index) => !found[index]).map((ref) => ref.id),
    });
  };
  const panels = new Panels<ToCompare, FromCompare>(extension, {
    page: 'compare',
    title: (values) => `Compare ${values.length} Runs`,
    show,
    receive: async (_, message) => {
      if (message.type === 'openRun') await openRun(message.projectUri, message.id);
    },
  });
  return {
    show: (runs) => void panels.reveal(runs.map((run) => `${run.projectUri}#${run.id}`)),
  };
}
