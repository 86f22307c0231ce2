/** Opens the *Experiments* tab of a project. */
import { plain } from '../../../server/base/format.js';
import type { Context } from '../../context.js';
import type { ExperimentPanels } from './panel.js';
import { pickOne } from '../../parts/ask.js';
import { bodies } from '../../parts/bodies.js';
import { runIn } from '../../parts/targets.js';

export function experimentCommands(context: Context, panels: ExperimentPanels) {
  return bodies({
    showExperiments: async (argument) => {
      await context.state.ready();
      const { projects } = context.state;
      const [first] = projects;
      const projectUri =
        runIn(argument)?.projectUri ??
        (projects.length === 1
          ? first?.uri
          : await pickOne(
              projects.map(({ name, uri }) => ({ label: plain(name), description: plain(uri), value: uri })),
              { title: 'Experiments', placeHolder: 'Of which project?' },
            ));
      if (projectUri !== undefined) panels.show(projectUri);
    },
  });
}
