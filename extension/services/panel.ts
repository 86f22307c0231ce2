/** A service over time, live while it runs. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import { plain } from '../../server/base/format.js';
import type { FromService, PanelOrder, ToService } from '../../media/webviews/shared/messages/service.js';
import type { ServiceMetrics, ServiceRef } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { openRun, openVersion } from '../parts/panels/open.js';
import { Panels, type PanelHandle } from '../parts/panels/panels.js';

export interface ServicePanels {
  show(ref: ServiceRef): void;
}

const HOUR = 3_600_000;
/** What a service that has only just been started is looked at over. */
const SHORT = 300_000;
const TICK_MS = 1_000;
const FASTEST_MS = 2_000;
const SLOWEST_MS = 60_000;

const ORDERS: Readonly<Record<PanelOrder, string>> = {
  start: 'modelyard.startService',
  promote: 'modelyard.promoteService',
  rollBack: 'modelyard.rollBackService',
};

/** What the panel knows between two messages. */
interface Shown {
  /** That the person has chosen, or that fitted when the panel was opened. */
  windowMs?: number;
  metrics?: ServiceMetrics;
  /** When the next measurements are worth asking for. Milliseconds since 1970. */
  next: number;
  asking: boolean;
}

export function registerServicePanels({ extension, client, state: views }: Context): ServicePanels {
  const shown = new WeakMap<PanelHandle<ToService>, Shown>();
  const known = (handle: PanelHandle<ToService>): Shown => {
    const value = shown.get(handle) ?? { next: 0, asking: false };
    shown.set(handle, value);
    return value;
  };
  const refOf = ({
    values: [projectUri = '', environment = '', name = ''],
  }: PanelHandle<ToService>): ServiceRef => ({
    projectUri,
    environment,
    name,
  });

  const measured = async (
    ref: ServiceRef,
    chosen: number | undefined,
  ): Promise<{ readonly windowMs: number; readonly metrics: ServiceMetrics } | string> => {
    const ask = (windowMs: number) => client.ask('modelyard/serviceMetrics', { ...ref, windowMs });
    const answer = await ask(chosen ?? HOUR);
    if (answer?.ok !== true) return answer?.message ?? 'The language server is not running.';
    const { metrics } = answer;
    const first = metrics.points[0]?.at ?? metrics.to;
    if (chosen !== undefined || first < metrics.to - SHORT) return { windowMs: chosen ?? HOUR, metrics };
    const shorter = await ask(SHORT);
    return shorter?.ok === true ? { windowMs: SHORT, metrics: shorter.metrics } : { windowMs: HOUR, metrics };
  };

  const show = async (handle: PanelHandle<ToService>): Promise<void> => {
    const ref = refOf(handle);
    const state = known(handle);
    const chosen = state.windowMs;
    state.asking = true;
    try {
      const [list, found] = await Promise.all([
        client.ask('modelyard/services', { projectUri: ref.projectUri }),
        measured(ref, chosen),
      ]);
      // Another window was chosen meanwhile: its own answer is on the way.
      if (known(handle).windowMs !== chosen) return;
      const service = list?.environments
        .flatMap(({ services }) => services)
        .find((one) => one.environment === ref.environment && one.name === ref.name);
      if (typeof found === 'string' || service === undefined) {
        handle.post({
          type: 'missing',
          message: typeof found === 'string' ? found : `There is no service ${plain(ref.name)} any more.`,
        });
        return;
      }
      const { metrics, windowMs } = found;
      state.windowMs = windowMs;
      state.metrics = metrics;
      state.next = Date.now() + Math.max(FASTEST_MS, Math.min(SLOWEST_MS, metrics.stepMs / 2));
      handle.post({ type: 'service', service, metrics, windowMs, canRun: vscode.workspace.isTrusted });
    } finally {
      state.asking = false;
    }
  };

  const receive = async (handle: PanelHandle<ToService>, message: FromService): Promise<void> => {
    const { projectUri } = refOf(handle);
    const state = known(handle);
    switch (message.type) {
      case 'ready':
        return;
      case 'window':
        state.windowMs = message.windowMs;
        await show(handle);
        return;
      case 'openBrowser':
        await runCommand('openServiceInBrowser', refOf(handle));
        return;
      case 'openLog':
        await runCommand('showServiceLog', refOf(handle));
        return;
      case 'sendSample':
        await runCommand('sendServiceSample', refOf(handle));
        return;
      case 'order':
        if (!Object.hasOwn(ORDERS, message.order)) return;
        await vscode.commands.executeCommand(ORDERS[message.order], refOf(handle));
        return;
      case 'openRule': {
        const place = state.metrics?.rules.find(({ rule }) => rule === message.rule)?.place;
        if (place === undefined) return;
        const at = new vscode.Position(place.line, place.character);
        await vscode.window.showTextDocument(vscode.Uri.parse(place.uri), {
          selection: new vscode.Range(at, at),
        });
        return;
      }
      case 'openVersion':
        await openVersion(projectUri, message.model, message.version);
        return;
      case 'openRun':
        await openRun(projectUri, message.id);
        return;
    }
  };

  const panels = new Panels<ToService, FromService>(extension, {
    page: 'service',
    title: ([, , name = '']) => `Service: ${plain(name, 40)}`,
    show,
    receive,
  });
  const refresh = (due: (state: Shown) => boolean): void => {
    for (const handle of panels.handles) {
      const state = known(handle);
      if (handle.panel.visible && !state.asking && due(state)) void show(handle);
    }
  };
  const live = setInterval(
    () => refresh(({ metrics, next }) => metrics?.live === true && Date.now() >= next),
    TICK_MS,
  );
  extension.subscriptions.push(
    // What is measured comes by itself; this is of orders, releases and alerts.
    views.onDidChangeServices(() =>
      refresh(({ metrics, next }) => metrics?.live !== true || next - Date.now() > FASTEST_MS),
    ),
    vscode.workspace.onDidGrantWorkspaceTrust(() => refresh(() => true)),
    new vscode.Disposable(() => clearInterval(live)),
  );
  return {
    show: ({ projectUri, environment, name }) => void panels.reveal([projectUri, environment, name]),
  };
}
