/** Which service or release a command is about: what it was called with, else what the person picks. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { EnvironmentItem, ReleaseItem, ServiceItem, ServiceRef } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { dots } from '../parts/item-text.js';
import { releaseName } from './releases.js';
import { serviceKey, serviceLook, serviceName, statusWord } from './rows.js';
import { pickOne } from '../parts/ask.js';

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** The service in an argument: a node of the tree, or what a panel or a notification says. */
export function serviceIn(argument: unknown): ServiceRef | undefined {
  const projectUri = member(argument, 'projectUri');
  const environment = member(argument, 'environment');
  const name = member(argument, 'name');
  return typeof projectUri === 'string' && typeof environment === 'string' && typeof name === 'string'
    ? { projectUri, environment, name }
    : undefined;
}

/** A release and where it was deployed to. */
export interface PlacedRelease {
  readonly projectUri: string;
  readonly environment: string;
  readonly release: ReleaseItem;
}

/** The release in an argument: a row of the tree. Of a service: the one that serves. */
export function releaseIn(argument: unknown): PlacedRelease | undefined {
  const projectUri = member(argument, 'projectUri');
  const environment = member(argument, 'environment');
  const release =
    member(argument, 'release') ??
    member(member(argument, 'row'), 'release') ??
    member(member(argument, 'service'), 'current');
  return typeof projectUri === 'string' && typeof environment === 'string' && release !== undefined
    ? { projectUri, environment, release: release as ReleaseItem }
    : undefined;
}

export async function listEnvironments({ client }: Context): Promise<readonly EnvironmentItem[]> {
  return (await client.request('modelyard/services', {})).environments;
}

const NONE =
  'There are no services yet. A deployment pipeline has a “deploy” task that makes a release and a “service” task that serves it.';

async function pickService(
  context: Context,
  placeHolder: string,
  passes: (service: ServiceItem) => boolean,
  none: string,
): Promise<ServiceItem | undefined> {
  const all = (await listEnvironments(context)).flatMap(({ services }) => services);
  const services = all.filter(passes);
  if (services.length === 0) {
    void vscode.window.showInformationMessage(all.length === 0 ? NONE : none);
    return undefined;
  }
  const [only] = services;
  if (services.length === 1 && only !== undefined) return only;
  return pickOne(
    services.map((service) => ({
      label: `$(${serviceLook(service).icon}) ${plain(service.name)}`,
      description: dots(
        plain(service.environment),
        statusWord(service),
        service.current === undefined ? undefined : releaseName(service.current),
      ),
      value: service,
    })),
    { placeHolder },
  );
}

export interface ServiceQuestion {
  readonly placeHolder: string;
  /** What can be asked for only of some. */
  readonly passes?: (service: ServiceItem) => boolean;
  /** Said when there are services, and none of these. */
  readonly none?: string;
}

/** The service that a command is about, as it is now. */
export async function serviceFor(
  context: Context,
  argument: unknown,
  { placeHolder, passes = () => true, none = 'There is no such service.' }: ServiceQuestion,
): Promise<ServiceItem | undefined> {
  const ref = serviceIn(argument);
  if (ref === undefined) return pickService(context, placeHolder, passes, none);
  const services = (await listEnvironments(context)).flatMap((environment) => environment.services);
  const found = services.find((service) => serviceKey(service) === serviceKey(ref));
  if (!found) void vscode.window.showWarningMessage(`There is no service ${serviceName(ref)} any more.`);
  return found;
}
