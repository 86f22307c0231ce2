/** The action `service`: starts a service on a release, or moves its traffic to it. */
import { randomBytes } from 'node:crypto';
import { defined } from '../../../base/defined.js';
import type { ServiceAddress } from '../../../serving/services/address.js';
import { orderService, startService } from '../../../serving/services/client.js';
import { secretsOf } from '../../../serving/services/config.js';
import { describeServiceEvent, readable, releaseNames } from '../../../serving/event-words.js';
import { readService } from '../../../serving/services/read.js';
import { readRelease } from '../../../serving/releases/document.js';
import { listReleases } from '../../../serving/releases/releases.js';
import { secretValues } from '../../../serving/services/secret-values.js';
import type { ReleaseDocument, ServiceCause } from '../../../serving/types.js';
import { whoAmI } from '../../../stores/machine/user.js';
import type { ServiceSettings } from './resolve.js';
import { ancestorsOf } from '../../plan/upstream.js';
import type { ActionContext, ActionOutcome } from '../action.js';

export async function serviceAction(
  context: ActionContext,
  settings: ServiceSettings,
): Promise<ActionOutcome> {
  const { root, session, run, signal } = context;
  const chosen = releaseOf(context, settings);
  if (typeof chosen === 'string') return { ok: false, error: chosen, final: true };
  const { document, own } = chosen;
  const { environment, id: release } = document;
  const { request, name } = settings;
  const address: ServiceAddress = { root, environment, name };
  const { config } = readService(root, environment, name).service ?? {};
  const secrets = [
    ...secretsOf(document, { secrets: request.secrets ?? [] }),
    // A host that was killed brings back what it ran first.
    ...(config?.secrets ?? []),
  ];
  // What the target says, where nobody says it here.
  const target = session.places.environments.find((one) => one.name === environment)?.target;
  const { ports, host: ownHost } = session.places.targets.find((one) => one.name === target) ?? {};
  const cause: ServiceCause = { who: whoAmI(), run };
  const nameOf = releaseNames(root, environment);
  const id = randomBytes(8).toString('hex');
  const abort = (): void => void orderService(address, 'abort', { cause, id });
  signal.addEventListener('abort', abort);
  try {
    const result = await startService(
      address,
      {
        ...defined({ ports, host: ownHost }),
        ...request,
        release,
        cause,
        id,
        wait: context.wait,
        // Deployments come in turn, but what is between them and the service may take its time.
        unlessNewer: own,
        secretValues: secretValues(secrets, session.places.secrets, session.facts.environment),
      },
      { onEvent: (event) => context.say(describeServiceEvent(event, nameOf)) },
    );
    if (signal.aborted) return { ok: false };
    if (!result.ok) return { ok: false, error: readable(root, environment, result.message) };
    const { host = '127.0.0.1', port = 0 } = readService(root, environment, name).service?.config ?? {};
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    return {
      ok: true,
      values: { url, port: String(port), release, environment },
      note: readable(root, environment, result.message),
    };
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The release that is meant, and whether it is the one that this run has deployed; or why there is none. */
function releaseOf(
  { task, root, session }: ActionContext,
  { environment: asked, release: named, name }: ServiceSettings,
): { readonly document: ReleaseDocument; readonly own: boolean } | string {
  const deployed = ancestorsOf(session, task.id)
    .filter(({ task: { action } }) => action?.kind === 'deploy')
    .map((instance) => session.result(instance)?.outputs ?? {})
    .filter((outputs) => asked === undefined || outputs['environment'] === asked)
    .at(-1);
  const environment = asked ?? deployed?.['environment'];
  if (environment === undefined) {
    return `nothing tells which environment ${name} runs in: write \`environment\`, or let it follow a \`deploy\``;
  }
  const id = named ?? deployed?.['release'] ?? listReleases(root, environment)[0]?.id;
  if (id === undefined) return `there is no release in ${environment} yet: a \`deploy\` makes one`;
  const read = readRelease(root, environment, id);
  if (read.state === 'ok')
    return { document: read.value, own: named === undefined && deployed?.['release'] === id };
  return read.state === 'missing' ? `there is no release ${id} in ${environment}` : read.problem.message;
}
