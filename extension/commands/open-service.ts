/** Opens the panel of a service: of the one in the tree or in a notification, else of one that the person picks. */
import * as vscode from 'vscode';
import type { Context } from '../context.js';
import type { ServicePanels } from '../panels/service.js';
import { serviceFor } from './service-targets.js';
import { guarded } from './targets.js';

export function registerOpenService(context: Context, panels: ServicePanels): void {
  context.extension.subscriptions.push(
    vscode.commands.registerCommand(
      'modelyard.openService',
      guarded(context, async (argument: unknown) => {
        const service = await serviceFor(context, argument, {
          placeHolder: 'Open the panel of which service?',
        });
        if (service !== undefined) panels.show(service);
      }),
    ),
  );
}
