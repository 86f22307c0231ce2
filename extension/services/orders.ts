/** Commands that change what a service runs. What others would miss is asked first. */
import { bodies } from '../parts/bodies.js';
import { defined } from '../../server/base/defined.js';
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import { hasCanary } from '../../media/webviews/shared/service-state.js';
import type { EnvironmentItem, ReleaseItem, ServiceItem } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { dots } from '../parts/item-text.js';
import { releaseItemText, releaseName } from './releases.js';
import { serviceLook, serviceName } from './rows.js';
import { mayOperate } from '../parts/trust.js';
import { askReason, confirm, pickOne } from '../parts/ask.js';
import { orderService } from './change.js';
import { listEnvironments, releaseIn, serviceFor, type PlacedRelease } from './targets.js';

const runs = ({ hosted, current }: ServiceItem): boolean => hosted && current !== undefined;
const triesOne = (service: ServiceItem): boolean => service.hosted && hasCanary(service);

async function start(context: Context, argument: unknown): Promise<void> {
  const service = await serviceFor(context, argument, {
    placeHolder: 'Start which service?',
    passes: ({ hosted }) => !hosted,
    none: 'Every service runs.',
  });
  if (!service || !mayOperate()) return;
  const name = serviceName(service);
  // A service that never served has nothing to bring back.
  const chosen =
    service.current === undefined
      ? await pickRelease(
          context,
          `Start ${name} with which release?`,
          (one) => one.projectUri === service.projectUri && one.environment === service.environment,
        )
      : undefined;
  if (service.current === undefined && chosen === undefined) return;
  const options = { title: `Starting ${name}`, failed: `${name} was not started`, seen: service };
  const release = defined({ release: chosen?.release.id });
  await orderService(context, service, { verb: 'start', ...release }, options);
}

async function stop(context: Context, argument: unknown): Promise<void> {
  const service = await serviceFor(context, argument, {
    placeHolder: 'Stop which service?',
    passes: ({ hosted, status }) => hosted || status === 'lost',
    none: 'No service runs.',
  });
  if (!service || !mayOperate()) return;
  const name = serviceName(service);
  const detail = `Requests under way are answered first. Then nothing answers at ${plain(service.url)} until it is started again.`;
  if (!(await confirm(`Stop ${name}?`, detail, 'Stop'))) return;
  const options = { title: `Stopping ${name}`, failed: `${name} was not stopped` };
  await orderService(context, service, { verb: 'stop' }, options);
}

async function restart(context: Context, argument: unknown): Promise<void> {
  const service = await serviceFor(context, argument, {
    placeHolder: 'Restart which service?',
    passes: runs,
    none: 'No service runs.',
  });
  if (!service) return;
  const name = serviceName(service);
  const options = { title: `Restarting ${name}`, failed: `${name} was not restarted`, seen: service };
  await orderService(context, service, { verb: 'restart' }, options);
}

async function rollBack(context: Context, argument: unknown): Promise<void> {
  const service = await serviceFor(context, argument, {
    placeHolder: 'Roll back which service?',
    passes: (one) => triesOne(one) || (runs(one) && one.previous !== undefined),
    none: 'No service has a canary, or a release before the one that serves.',
  });
  if (!service || !mayOperate()) return;
  const name = serviceName(service);
  const { current, previous } = service;
  const to = triesOne(service) ? current : previous;
  if (to === undefined || current === undefined) {
    void vscode.window.showInformationMessage(`${name} has no release to go back to.`);
    return;
  }
  const question = triesOne(service)
    ? `End the canary of ${name}? All traffic goes to ${releaseName(to)}.`
    : `Roll ${name} back from ${releaseName(current)} to ${releaseName(to)}?`;
  const reason = await askReason(question);
  if (reason === undefined) return;
  const options = {
    title: `Rolling back ${name}`,
    failed: `${name} was not rolled back`,
    seen: service,
    reason,
  };
  await orderService(context, service, { verb: 'rollback' }, options);
}

async function canaryOf(
  context: Context,
  argument: unknown,
  placeHolder: string,
): Promise<ServiceItem | undefined> {
  const none = 'No service has a canary. A release that is served with a share of the traffic is one.';
  const service = await serviceFor(context, argument, { placeHolder, passes: triesOne, none });
  if (!service || !mayOperate()) return undefined;
  if (triesOne(service)) return service;
  void vscode.window.showInformationMessage(`${serviceName(service)} has no canary.`);
  return undefined;
}

async function promote(context: Context, argument: unknown): Promise<void> {
  const service = await canaryOf(context, argument, 'Promote the canary of which service?');
  if (service?.candidate === undefined) return;
  const name = serviceName(service);
  const reason = await askReason(`Give ${releaseName(service.candidate)} all traffic of ${name}?`);
  if (reason === undefined) return;
  const options = { title: `Promoting ${name}`, failed: `${name} was not promoted`, seen: service, reason };
  await orderService(context, service, { verb: 'promote' }, options);
}

async function abort(context: Context, argument: unknown): Promise<void> {
  const service = await serviceFor(context, argument, {
    placeHolder: 'End the canary or the deployment of which service?',
    passes: ({ hosted, candidate }) => hosted && candidate !== undefined,
    none: 'No service has a canary or is being deployed to.',
  });
  if (!service) return;
  const name = serviceName(service);
  const options = {
    title: `Ending what is tried in ${name}`,
    failed: `Nothing of ${name} was ended`,
    seen: service,
  };
  await orderService(context, service, { verb: 'abort' }, options);
}

/** A whole number of percent, or why a text is none. */
function percentIn(text: string, least: number): number | string {
  const value = /^\s*(\d{1,3})\s*%?\s*$/.exec(text)?.[1];
  return value === undefined || Number(value) < least || Number(value) > 100
    ? `A whole number from ${least} to 100.`
    : Number(value);
}

async function askPercent(title: string, value: string, least: number): Promise<number | undefined> {
  const answer = await vscode.window.showInputBox({
    title,
    value,
    prompt: 'Percent of the requests.',
    ignoreFocusOut: true,
    validateInput: (text) => {
      const read = percentIn(text, least);
      return typeof read === 'string' ? read : undefined;
    },
  });
  const read = answer === undefined ? undefined : percentIn(answer, least);
  return typeof read === 'number' ? read : undefined;
}

async function setTraffic(context: Context, argument: unknown): Promise<void> {
  const service = await canaryOf(context, argument, 'Change the traffic of which service?');
  if (service?.candidate === undefined) return;
  const name = serviceName(service);
  const title = `Traffic for the canary of ${name}; 100 promotes it`;
  const percent = await askPercent(title, String(service.candidate.traffic), 0);
  if (percent === undefined) return;
  const options = {
    title: `Moving traffic of ${name}`,
    failed: `The traffic of ${name} stays`,
    seen: service,
  };
  await orderService(context, service, { verb: 'traffic', percent }, options);
}

/** A release that can be served: the one that a command was called with, or one of those that were deployed. */
async function releaseFor(context: Context, argument: unknown): Promise<PlacedRelease | undefined> {
  return releaseIn(argument) ?? (await pickRelease(context, 'Serve which release?', () => true));
}

async function pickRelease(
  context: Context,
  placeHolder: string,
  passes: (placed: PlacedRelease) => boolean,
): Promise<PlacedRelease | undefined> {
  const now = Date.now();
  const placed = (await listEnvironments(context))
    .flatMap(({ projectUri, environment, releases }) =>
      releases.map((release): PlacedRelease => ({ projectUri, environment, release })),
    )
    .filter(passes);
  if (placed.length === 0) {
    void vscode.window.showInformationMessage(
      'There is no release that is not served. A “deploy” task makes one.',
    );
    return undefined;
  }
  return pickOne(
    placed.map((one) => ({
      label: `$(archive) ${releaseName(one.release)}`,
      description: dots(plain(one.environment), releaseItemText('', one.release, 'idle', now).description),
      detail: plain(one.release.id),
      value: one,
    })),
    { placeHolder },
  );
}

const ALL = 'all';
const SHARE = 'share';
const NEW = 'new';

/** The service that a release is to be served by: one of its environment, or a new one's name. */
async function servedBy(
  { services }: Pick<EnvironmentItem, 'services'>,
  release: ReleaseItem,
): Promise<ServiceItem | typeof NEW | undefined> {
  if (services.length === 0) return NEW;
  return pickOne<ServiceItem | typeof NEW>(
    [
      ...services.map((service) => ({
        label: `$(${serviceLook(service).icon}) ${plain(service.name)}`,
        description: service.current === undefined ? '' : `serves ${releaseName(service.current)}`,
        value: service,
      })),
      { label: '$(add) A new service…', value: NEW },
    ],
    { placeHolder: `Serve ${releaseName(release)} as which service?` },
  );
}

async function serveRelease(context: Context, argument: unknown): Promise<void> {
  const placed = await releaseFor(context, argument);
  if (!placed || !mayOperate()) return;
  const { projectUri, environment, release } = placed;
  const found = (await listEnvironments(context)).find(
    (one) => one.projectUri === projectUri && one.environment === environment,
  );
  const chosen = await servedBy(found ?? { services: [] }, release);
  if (chosen === undefined) return;
  if (chosen === NEW) {
    const name = await vscode.window.showInputBox({
      title: `Serve ${releaseName(release)} in ${plain(environment)} as a new service`,
      prompt: 'Its name: letters, digits, “_” and “-”.',
      value: plain(release.package.name),
      ignoreFocusOut: true,
    });
    if (name === undefined || name.trim() === '') return;
    const ref = { projectUri, environment, name: name.trim() };
    const words = serviceName(ref);
    const options = { title: `Starting ${words}`, failed: `${words} was not started` };
    await orderService(context, ref, { verb: 'start', release: release.id }, options);
    return;
  }
  const name = serviceName(chosen);
  const how = runs(chosen)
    ? await pickOne(
        [
          { label: '$(rocket) Move all traffic to it', description: 'as soon as it is ready', value: ALL },
          { label: '$(beaker) Give it a share of the traffic…', description: 'as a canary', value: SHARE },
        ],
        { placeHolder: `Serve ${releaseName(release)} as ${name}` },
      )
    : ALL;
  if (how === undefined) return;
  const percent = how === SHARE ? await askPercent(`Traffic for ${releaseName(release)}`, '10', 1) : 100;
  if (percent === undefined) return;
  await orderService(
    context,
    chosen,
    { verb: 'start', release: release.id, ...(percent < 100 ? { traffic: percent } : {}) },
    { title: `Serving ${releaseName(release)} as ${name}`, failed: `${name} stays as it is`, seen: chosen },
  );
}

/** Bodies of the commands. */
export function serviceOrderCommands(context: Context) {
  return bodies({
    startService: (argument) => start(context, argument),
    stopService: (argument) => stop(context, argument),
    restartService: (argument) => restart(context, argument),
    rollBackService: (argument) => rollBack(context, argument),
    promoteService: (argument) => promote(context, argument),
    abortService: (argument) => abort(context, argument),
    setServiceTraffic: (argument) => setTraffic(context, argument),
    serveRelease: (argument) => serveRelease(context, argument),
  });
}
