/** Opens the panel of a service: of the one in the tree or in a notification, else of one that the person picks. */
import type { Context } from '../context.js';
import type { ServicePanels } from './panel.js';
import { bodies } from '../parts/bodies.js';
import { serviceFor } from './targets.js';

/** The body of the command. */
export function openServiceCommand(context: Context, panels: ServicePanels) {
  return bodies({
    openService: async (argument) => {
      const service = await serviceFor(context, argument, {
        placeHolder: 'Open the panel of which service?',
      });
      if (service !== undefined) panels.show(service);
    },
  });
}
