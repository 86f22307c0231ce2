/** The action `monitor`: sets what a service is watched for, or watches it for a while before the deployment goes on. */
import { defined } from '../../../base/defined.js';
import type { ServiceAddress } from '../../../serving/services/address.js';
import { orderService } from '../../../serving/services/client.js';
import { canaryOf, setMonitor, watchService, type GateResult } from '../../../serving/releases/gate.js';
import { baselineOf } from '../../../serving/monitor/baseline.js';
import { driftFeatures, type RuleOutcome } from '../../../serving/monitor/rules.js';
import {
  NOT_MONITORED,
  monitorDocumentKind,
  type MonitorSettings,
} from '../../../serving/monitor/settings.js';
import { servicePlaces } from '../../../serving/places.js';
import { listServices, readService } from '../../../serving/services/read.js';
import { readRelease } from '../../../serving/releases/document.js';
import { readDocument } from '../../../stores/disk/document.js';
import { whoAmI } from '../../../stores/machine/user.js';
import type { MonitoringSettings } from '../service/resolve.js';
import { ancestorsOf } from '../../plan/upstream.js';
import type { ActionContext, ActionOutcome } from '../action.js';

export async function monitorAction(
  context: ActionContext,
  monitor: MonitoringSettings,
): Promise<ActionOutcome> {
  const { root, run, signal } = context;
  const environment = environmentOf(context, monitor);
  if (!environment.ok) return { ok: false, error: environment.message, final: true };
  const address: ServiceAddress = { root, environment: environment.name, name: monitor.service };
  const cause = { who: whoAmI(), run };
  const baseline = await baselineFor(context, address, monitor);
  if (signal.aborted) return { ok: false };
  if (!baseline.ok) return { ok: false, error: baseline.message, final: true };
  const loaded = readDocument(
    servicePlaces(root, address.environment, address.name).monitor,
    monitorDocumentKind,
  );
  const before: MonitorSettings = loaded.state === 'ok' ? loaded.value : NOT_MONITORED;
  const { baseline: counts } = baseline;
  const sampled = Object.keys(counts).length > 0;
  const samples = {
    share: sampled ? (monitor.drift?.sample ?? DEFAULT_SHARE) : 0,
    redact: monitor.drift?.redact ?? [],
  };
  if (monitor.forMs === undefined) {
    const problem = await setMonitor(
      address,
      {
        rules: monitor.rules,
        ...defined({ webhook: monitor.webhook }),
        samples,
        baseline: counts,
      },
      cause,
    );
    if (problem !== undefined) return { ok: false, error: problem };
    return {
      ok: true,
      note: `${address.name} is watched from now on: ${monitor.rules.map(({ rule }) => rule).join(', ')}`,
    };
  }
  // For the time of the gate requests are kept as it needs them; afterwards everything is as before.
  if (sampled) {
    const problem = await setMonitor(address, { ...before, samples, baseline: counts }, cause);
    if (problem !== undefined) return { ok: false, error: problem };
  }
  try {
    const result = await watchService(address, {
      forMs: monitor.forMs,
      rules: monitor.rules,
      minRequests: monitor.minRequests,
      ...defined({ requests: monitor.requests }),
      signal,
      onTick: reporter(context),
    });
    if (result.cancelled === true) return { ok: false };
    return await conclude(context, address, monitor, result);
  } finally {
    if (sampled) await setMonitor(address, before, cause);
  }
}

const DEFAULT_SHARE = 0.1;

/** Says how the rules stand whenever that changes. */
function reporter(context: ActionContext): (outcomes: readonly RuleOutcome[]) => void {
  let last = '';
  return (outcomes) => {
    const states = outcomes.map(({ rule, state }) => `${rule} ${state}`).join();
    if (states === last) return;
    last = states;
    for (const { rule, state, text } of outcomes) context.say(`${rule}: ${state} (${text})`);
  };
}

async function conclude(
  context: ActionContext,
  address: ServiceAddress,
  monitor: MonitoringSettings,
  result: GateResult,
): Promise<ActionOutcome> {
  const checks = result.outcomes.map(({ rule, state, text, severity }) => ({
    text: rule,
    passed: state !== 'broken' || severity === 'warning',
    detail: text,
  }));
  const values = { requests: String(result.summary?.requests ?? 0) };
  if (result.passed) return { ok: true, checks, values, note: result.message };
  if (monitor.onFailure === 'alert') {
    context.say(`not as it should be, and told only: ${result.message}`);
    return { ok: true, checks, values, note: `not as it should be: ${result.message}` };
  }
  if (monitor.onFailure === 'fail') return { ok: false, error: result.message, checks, values, final: true };
  const rolled = await orderService(
    address,
    'rollback',
    { cause: { who: whoAmI(), reason: result.message, run: context.run } },
    { onEvent: ({ kind, release = '' }) => context.say(`${kind} ${release}`) },
  );
  const after = rolled.ok
    ? `rolled back: ${rolled.message}`
    : `it could not be rolled back: ${rolled.message}`;
  return { ok: false, error: `${result.message}; ${after}`, checks, values, final: true };
}

/** The environment that is written, that of the `service` it follows, or the only one that has the service. */
function environmentOf(
  { task, root, session }: ActionContext,
  { environment, service }: MonitoringSettings,
): { readonly ok: true; readonly name: string } | { readonly ok: false; readonly message: string } {
  const followed = ancestorsOf(session, task.id)
    .filter(({ task: { action } }) => action?.kind === 'service')
    .flatMap((instance) => session.result(instance)?.outputs['environment'] ?? [])
    .at(-1);
  const name = environment ?? followed;
  if (name !== undefined) return { ok: true, name };
  const found = listServices(root).services.filter((one) => one.name === service);
  const [only] = found;
  if (only !== undefined && found.length === 1) return { ok: true, name: only.environment };
  const message =
    only === undefined
      ? `there is no service ${service}: a \`service\` task starts one`
      : `${found.map((one) => one.environment).join(' and ')} have a service ${service}: write which \`environment\` is meant`;
  return { ok: false, message };
}

/** What the requests are held against; empty when nothing asks for drift. */
async function baselineFor(
  context: ActionContext,
  address: ServiceAddress,
  { rules, drift, requests, forMs }: MonitoringSettings,
): Promise<Awaited<ReturnType<typeof baselineOf>>> {
  const asked = driftFeatures(rules);
  if (drift === undefined && asked.length === 0) return { ok: true, baseline: {} };
  const { root, environment, name } = address;
  const { service } = readService(root, environment, name);
  // A canary on trial is compared with what its own model was trained on.
  const canary = forMs === undefined || requests === 'all' ? undefined : canaryOf(service);
  const id = canary ?? service?.current?.id;
  const release = id === undefined ? undefined : readRelease(root, environment, id);
  const trained = release?.state === 'ok' ? release.value.trainingSet : undefined;
  const file = drift?.against ?? trained?.path;
  if (file === undefined) {
    const message = `nothing tells what ${name} was trained on, so that drift can't be measured: write \`drift: { against: … }\`, or train the model from a \`training-set\` task`;
    return { ok: false, message };
  }
  if (drift?.against === undefined && trained !== undefined) {
    const found = await context.session.workspace.read(file);
    if (found.ok && found.records[0]?.hash !== trained.hash) {
      context.say(
        `${file} has changed since the model was trained on it; drift is measured against what it is now`,
      );
    }
  }
  const features = [
    ...new Set([
      ...(drift?.features ?? []),
      ...(drift === undefined || drift.features.length > 0 ? asked : []),
    ]),
  ];
  return baselineOf(root, file, features, context.signal);
}
