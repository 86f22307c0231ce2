/** `modelyard service start|stop|restart|rollback|promote|abort|traffic` */
import { defined } from '../../../base/defined.js';
import { isValidName } from '../../../definition/names/names.js';
import { parseDuration } from '../../../definition/text/units.js';
import { orderService, startService, type ServiceVerb } from '../../../serving/services/client.js';
import type { ServiceOrder } from '../../../serving/services/config.js';
import { listServices, type ServiceView } from '../../../serving/services/read.js';
import { readable } from '../../../serving/event-words.js';
import { isReleaseId } from '../../../serving/places.js';
import { allReleases, listReleases } from '../../../serving/releases/releases.js';
import type { ReleaseDocument } from '../../../serving/types.js';
import { Project } from '../../../project/project.js';
import { type SecretsHolder, secretNamesOf, secretValues } from '../../../serving/services/secret-values.js';
import { answer } from '../../answers.js';
import { CHANGE_FLAGS, UsageError, type Flags, wholeNumber } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT, stdout } from '../../output.js';
import { tame } from '../../terminal/text.js';
import { say } from '../models/shared.js';
import {
  ENVIRONMENT,
  type ServiceCall,
  type ServiceSubcommand,
  addressOf,
  causeOf,
  serviceNamed,
  tellDry,
  tellEvent,
  tellResult,
  wordOf,
} from './shared.js';

const ORDER: Flags = {
  ...CHANGE_FLAGS,
  ...ENVIRONMENT,
  'no-wait': { type: 'boolean', help: 'Fails when another change of the service is under way.' },
};

/** Waits for its turn, as runs wait for outputs. */
const turn = (call: ServiceCall): { readonly wait: boolean } => ({ wait: !call.args.flag('no-wait') });

export const start: ServiceSubcommand = {
  usage: 'start [SERVICE] [--release ID] [--environment E] [--port N] [--traffic PERCENT] [--replicas N]',
  summary:
    'Starts a service, replaces its release, or brings back what ran; a new one gets the newest release of the package of that name. Without SERVICE: all that should run and does not.',
  flags: {
    ...ORDER,
    release: { type: 'string', value: 'ID', help: 'The release. Default: what ran last, or the newest.' },
    port: { type: 'string', value: 'N', help: 'The public port.' },
    host: { type: 'string', value: 'ADDRESS', help: 'The address to listen on. Default: 127.0.0.1.' },
    traffic: { type: 'string', value: 'PERCENT', help: 'As a canary with this share of the traffic.' },
    replicas: { type: 'string', value: 'N', help: 'So many processes.' },
    grace: { type: 'string', value: 'TIME', help: 'A release has so long to become ready. Default: 30s.' },
    drain: {
      type: 'string',
      value: 'TIME',
      help: 'Requests have so long to end before their process is stopped. Default: 15s.',
    },
  },
  least: 0,
  most: 1,
  async run(call) {
    if (call.words.length === 0) return startLost(call);
    const { environment, name } = wordOf(call);
    const release = call.args.text('release');
    const known = listServices(call.root).services.filter(
      (one) => one.name === name && (environment === undefined || one.environment === environment),
    );
    const [only] = known;
    // What ran last comes back, also where a newer release was made since: a rollback must hold.
    if (only !== undefined && (known.length > 1 || release !== undefined || only.current !== undefined)) {
      return startOne(call, serviceNamed(call), release);
    }
    const newest = release === undefined ? newestRelease(call.root, name, environment) : undefined;
    const where = only?.environment ?? environment ?? newest?.environment;
    const chosen = release ?? newest?.id;
    if (chosen === undefined || where === undefined) return startOne(call, serviceNamed(call), release);
    if (!isValidName(name)) throw new UsageError(`"${name}" can't be the name of a service`);
    return startOne(call, only ?? { environment: where, name, config: { secrets: [] } }, chosen);
  },
};

/**
 * The newest release of the package that a service is called after; `undefined` where there is none.
 * @param environment where; absent: in the only environment that has one.
 */
function newestRelease(
  root: string,
  name: string,
  environment: string | undefined,
): ReleaseDocument | undefined {
  const releases = (environment === undefined ? allReleases(root) : listReleases(root, environment)).filter(
    (one) => one.package.name === name,
  );
  const places = [...new Set(releases.map((one) => one.environment))];
  if (places.length > 1) {
    const commands = places.map((place) => `\`modelyard service start ${name} -e ${place}\``);
    throw new UsageError(`several environments have a release of "${name}": say ${commands.join(' or ')}`);
  }
  return releases[0];
}

async function startOne(
  call: ServiceCall,
  service: Pick<ServiceView, 'environment' | 'name' | 'current'> & {
    readonly config: Pick<ServiceView['config'], 'secrets'>;
  },
  release: string | undefined,
): Promise<number> {
  const { args } = call;
  if (release !== undefined && !isReleaseId(release))
    throw new UsageError(`"${release}" is not a release; \`modelyard releases list\` shows them`);
  if (call.dry) return tellDry(call, 'service start', service, `start ${release ?? 'what it ran last'}`);
  const [host, port, traffic, replicas] = [
    args.text('host'),
    args.text('port'),
    args.text('traffic'),
    args.text('replicas'),
  ];
  const order: ServiceOrder = {
    ...defined({ release, host }),
    ...(port === undefined ? {} : { port: wholeNumber('port', port, 1) }),
    ...(traffic === undefined ? {} : { traffic: percent('traffic', traffic) }),
    ...(replicas === undefined ? {} : { replicas: wholeNumber('replicas', replicas, 1) }),
    ...turn(call),
    ...duration(call, 'grace', 'graceMs'),
    ...duration(call, 'drain', 'drainMs'),
    cause: causeOf(call),
    secretValues: secretsFor(call, service, release),
  };
  return tellResult(
    call,
    'service start',
    service.environment,
    await startService(addressOf(call, service), order, { onEvent: tellEvent(call, service.environment) }),
  );
}

/** All that should run and does not: what was lost, and what was started and failed. */
async function startLost(call: ServiceCall): Promise<number> {
  if (call.args.text('release') !== undefined)
    throw new UsageError('say which service gets the release: modelyard service start SERVICE --release ID');
  const lost = listServices(call.root).services.filter(
    (one) => one.status === 'lost' || one.status === 'failed',
  );
  if (lost.length === 0) {
    if (call.json) answer('service start', { services: [], applied: !call.dry });
    else stdout.line('Everything that should run does.');
    return EXIT.ok;
  }
  if (call.dry) {
    const names = lost.map(({ environment, name }) => `${environment}/${name}`);
    const services = lost.map(({ environment, name }) => ({ environment, name }));
    return say(call, 'service start', { services }, names.join(', '), `would start ${names.join(', ')}`);
  }
  const results = [];
  for (const service of lost) {
    const result = await startAgain(call, service);
    results.push({ environment: service.environment, name: service.name, ...result });
    if (!call.json) {
      const message = readable(call.root, service.environment, result.message);
      stdout.line(`${service.environment}/${service.name}: ${tame(message, false)}`);
    }
  }
  if (call.json) answer('service start', { services: results });
  return results.every((result) => result.ok) ? EXIT.ok : EXIT.failed;
}

async function startAgain(
  call: ServiceCall,
  service: ServiceView,
): Promise<{ readonly ok: boolean; readonly message: string }> {
  if (service.current === undefined) {
    const why = service.message ?? 'its first release never became ready';
    const message = `${why}; say with which release: \`modelyard service start ${service.name} -e ${service.environment} --release ID\``;
    return { ok: false, message };
  }
  const order: ServiceOrder = {
    ...turn(call),
    cause: causeOf(call),
    secretValues: secretsFor(call, service, undefined),
  };
  return startService(addressOf(call, service), order, { onEvent: tellEvent(call, service.environment) });
}

function duration(call: ServiceCall, flag: string, key: 'graceMs' | 'drainMs'): Partial<ServiceOrder> {
  const text = call.args.text(flag);
  if (text === undefined) return {};
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new UsageError(`--${flag}: ${parsed.message}`);
  return { [key]: parsed.value };
}

function percent(name: string, text: string): number {
  const value = wholeNumber(name, text.replace(/%$/, ''), 0);
  if (value > 100) throw new UsageError(`${name} is a percentage from 0 to 100, not "${text}"`);
  return value;
}

/** @param would what it does, after "would" */
function order(
  verb: Exclude<ServiceVerb, 'monitor'>,
  summary: string,
  would: (service: ServiceView) => string,
  withSecrets = false,
): ServiceSubcommand {
  return {
    usage: `${verb} SERVICE [--reason TEXT] [--dry]`,
    summary,
    flags: ORDER,
    least: 1,
    most: 1,
    async run(call) {
      const service = serviceNamed(call);
      if (call.dry) return tellDry(call, `service ${verb}`, service, would(service));
      const body = {
        cause: causeOf(call),
        ...turn(call),
        ...(withSecrets ? { secretValues: secretsFor(call, service, undefined) } : {}),
      };
      return tellResult(
        call,
        `service ${verb}`,
        service.environment,
        await orderService(addressOf(call, service), verb, body, {
          onEvent: tellEvent(call, service.environment),
        }),
      );
    },
  };
}

export const restart = order(
  'restart',
  'New processes of the same release, without a request lost.',
  ({ current }) => `restart ${current?.id ?? 'nothing: it does not run'}`,
  true,
);
export const rollback = order(
  'rollback',
  'Back to the release before; ends a canary when there is one.',
  ({ candidate, current, previous: [before] }) =>
    candidate === undefined
      ? `go back from ${current?.id ?? 'nothing'} to ${before ?? 'nothing: there is no release before'}`
      : `end the canary ${candidate.id}`,
  true,
);
export const promote = order('promote', 'The canary gets all traffic.', ({ candidate }) =>
  candidate === undefined ? 'promote nothing: there is no canary' : `give ${candidate.id} all traffic`,
);
export const abort = order('abort', 'Ends the canary, or a deployment that is under way.', ({ candidate }) =>
  candidate === undefined ? 'end the deployment under way, if any' : `end ${candidate.id}`,
);

export const stop: ServiceSubcommand = {
  ...order('stop', 'Stops a service: requests under way to their end, then the processes.', () => ''),
  async run(call) {
    const service = serviceNamed(call);
    if (call.dry)
      return tellDry(
        call,
        'service stop',
        service,
        `stop ${service.current?.id ?? 'nothing: it does not run'}`,
      );
    const cause = causeOf(call);
    const address = addressOf(call, service);
    if (service.hosted) {
      return tellResult(
        call,
        'service stop',
        service.environment,
        await orderService(address, 'stop', { cause }, { onEvent: tellEvent(call, service.environment) }),
      );
    }
    if (service.status !== 'lost')
      return tellResult(call, 'service stop', service.environment, {
        ok: true,
        message: `${service.name} does not run`,
      });
    const { endLost } = await import('../../../serving/services/end-lost.js');
    return tellResult(call, 'service stop', service.environment, await endLost(address, cause));
  },
};

export const traffic: ServiceSubcommand = {
  usage: 'traffic SERVICE PERCENT',
  summary: 'So many percent of the traffic for the canary.',
  flags: { ...ORDER },
  least: 2,
  most: 2,
  async run(call) {
    const service = serviceNamed(call);
    const share = percent('PERCENT', call.words[1] ?? '');
    if (call.dry)
      return tellDry(call, 'service traffic', service, `give the canary ${share} % of the traffic`);
    const body = { cause: causeOf(call), ...turn(call), percent: share };
    if (!service.hosted)
      throw new CommandError(
        `${service.name} does not run; \`modelyard service start ${service.name}\` starts it`,
        EXIT.failed,
      );
    return tellResult(
      call,
      'service traffic',
      service.environment,
      await orderService(addressOf(call, service), 'traffic', body, {
        onEvent: tellEvent(call, service.environment),
      }),
    );
  },
};

/** Values of the secrets of everything of a service that may run, as `modelyard.yaml` says where they are. */
function secretsFor(
  call: ServiceCall,
  service: SecretsHolder,
  release: string | undefined,
): Record<string, string> {
  const names = secretNamesOf(call.root, service, release);
  if (names.length === 0) return {};
  return secretValues(names, Project.open(call.root, undefined, { only: [] }).settings.secrets);
}
