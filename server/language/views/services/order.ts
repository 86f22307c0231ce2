/** Carrying out what a person asks of a service in a view. */
import { defined } from '../../../base/defined.js';
import { isValidName } from '../../../definition/names/names.js';
import type { ServiceOrderParams, ServiceOrderResult, ServiceOrderView } from '../../../protocol/index.js';
import type { ServiceAddress } from '../../../serving/services/address.js';
import { orderService, startService, type ServiceVerb } from '../../../serving/services/client.js';
import type { ControlResult, MissingSecrets } from '../../../serving/host/control-server.js';
import { readable, releaseNames } from '../../../serving/event-words.js';
import { isReleaseId } from '../../../serving/places.js';
import { readService, type ServiceView } from '../../../serving/services/read.js';
import { Project } from '../../../project/project.js';
import { secretNamesOf, secretValues, type SecretsHolder } from '../../../serving/services/secret-values.js';
import type { ServiceCause } from '../../../serving/types.js';
import { whoAmI } from '../../../stores/machine/user.js';

const refused = (message: string): ServiceOrderResult => ({ ok: false, message });

/** Why nothing is done: what the person saw is not what there is any more. */
function moved(
  root: string,
  service: ServiceView,
  expected: ServiceOrderParams['expected'],
): string | undefined {
  if (expected === undefined) return undefined;
  const nameOf = releaseNames(root, service.environment);
  const now = { current: service.current?.id ?? null, candidate: service.candidate?.id ?? null };
  if (now.current !== expected.current) {
    return `${service.name} has changed meanwhile: ${now.current === null ? 'nothing' : nameOf(now.current)} serves now`;
  }
  if (now.candidate !== expected.candidate) {
    return `${service.name} has changed meanwhile: ${
      now.candidate === null ? 'there is no canary any more' : `${nameOf(now.candidate)} is its canary now`
    }`;
  }
  return undefined;
}

/** The same as arguments of the command line, for a terminal that has what the editor lacks. */
function commandFor({ environment, name }: ServiceAddress, order: ServiceOrderView): string[] {
  const words = ['service', order.verb, `${environment}/${name}`];
  if (order.verb === 'traffic') words.push(String(order.percent));
  if (order.verb !== 'start') return words;
  if (order.release !== undefined) words.push('--release', order.release);
  if (order.traffic !== undefined) words.push('--traffic', String(order.traffic));
  return words;
}

function resultOf(
  address: ServiceAddress,
  order: ServiceOrderView,
  result: ControlResult,
): ServiceOrderResult {
  const { root, environment } = address;
  const message = readable(root, environment, result.message);
  if (result.ok) return { ok: true, message };
  const value = result.value as Partial<MissingSecrets> | undefined;
  const missing = value?.missingSecrets ?? [];
  if (missing.length === 0) return refused(message);
  const [them, names] = [missing.length === 1 ? 'it' : 'them', missing.join(', ')];
  return {
    ok: false,
    message: `the release needs ${names}, and the editor’s environment does not have ${them}. Start it in a terminal where ${them === 'it' ? 'it is' : 'they are'} set, or start the editor from such a one.`,
    missingSecrets: missing,
    command: commandFor(address, order),
  };
}

/** Does what is asked for, waits until it is done or refused, and says which. */
export async function carryOut(root: string, params: ServiceOrderParams): Promise<ServiceOrderResult> {
  const { environment, name, order } = params;
  const address: ServiceAddress = { root, environment, name };
  const reason = params.reason?.trim() ?? '';
  const cause: ServiceCause = { who: whoAmI(), ...(reason === '' ? {} : { reason }) };
  const { service, problem } = readService(root, environment, name);
  if (problem !== undefined) return refused(problem.message);
  if (order.verb === 'start') {
    if (order.release !== undefined && !isReleaseId(order.release))
      return refused(`“${order.release}” is not a release`);
    if (service === undefined && !isValidName(name))
      return refused(`“${name}” can’t be the name of a service`);
  } else if (service === undefined) return refused(`There is no service ${name} in ${environment} any more.`);
  const changed = service && moved(root, service, params.expected);
  if (changed !== undefined) return refused(changed);
  const holder: SecretsHolder = service ?? { environment, config: { secrets: [] } };
  if (order.verb === 'start') {
    const result = await startService(address, {
      ...defined({ release: order.release, traffic: order.traffic }),
      cause,
      secretValues: secretsFor(root, holder, order.release),
    });
    return resultOf(address, order, result);
  }
  if (order.verb === 'stop' && service?.hosted === false) {
    if (service.status !== 'lost') return { ok: true, message: `${name} does not run` };
    const { endLost } = await import('../../../serving/services/end-lost.js');
    return resultOf(address, order, await endLost(address, cause));
  }
  const body = {
    cause,
    ...(order.verb === 'traffic' ? { percent: order.percent } : {}),
    ...(WITH_SECRETS.has(order.verb) ? { secretValues: secretsFor(root, holder, undefined) } : {}),
  };
  return resultOf(address, order, await orderService(address, order.verb, body));
}

/** Orders that start processes. */
const WITH_SECRETS: ReadonlySet<ServiceVerb> = new Set(['restart', 'rollback']);

function secretsFor(
  root: string,
  holder: SecretsHolder,
  release: string | undefined,
): Record<string, string> {
  const names = secretNamesOf(root, holder, release);
  return names.length === 0
    ? {}
    : secretValues(names, Project.open(root, undefined, { only: [] }).settings.secrets);
}
