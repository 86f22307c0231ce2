/** The action `register`: a version of a model out of an artifact of the run, if it keeps to what it must keep to. */
import { defined } from '../../../base/defined.js';
import { didYouMean, similar } from '../../../definition/names/names.js';
import { modelUri, parseSelector } from '../../../definition/names/registry-names.js';
import type { Json } from '../../../definition/definition.js';
import type { Registry } from '../../../stores/registry/registry.js';
import type { RegisterRequest, Signature, VersionDocument } from '../../../stores/registry/types.js';
import { FOLDER_MIME, mimeOf } from '../../../stores/disk/mime.js';
import type { CheckOutcome } from '../../../base/runs/task-outcome.js';
import type { Registration } from './resolve.js';
import type { Session } from '../../session.js';
import { learnedFrom } from '../training-set/training-sets.js';
import { ancestorsOf, producerOf, upstreamMetrics } from '../../plan/upstream.js';
import type { ActionContext, ActionOutcome } from '../action.js';
import { type Baseline, differences, judge } from './thresholds.js';

type Instance = NonNullable<ReturnType<typeof producerOf>>;

export async function registerAction(
  context: ActionContext,
  registration: Registration,
): Promise<ActionOutcome> {
  const { task, session, run } = context;
  const registry = session.models?.registry;
  if (registry === undefined) throw new Error('a register task was started before the registry was opened');
  const producer = producerOf(session, registration.path);
  const metrics = importantFirst(upstreamMetrics(session, task.id, producer), registration);
  const compared = compare(registry, registration, metrics);
  if (!compared.ok) return { ok: false, error: compared.error, checks: compared.checks };
  const checks = compared.checks.length === 0 ? {} : { checks: compared.checks };
  const artifact = await session.workspace.read(registration.path, context.signal);
  if (context.signal.aborted) return { ok: false };
  const record = artifact.ok ? artifact.records[0] : undefined;
  if (!artifact.ok || record === undefined) {
    return { ok: false, error: artifact.ok ? `${registration.path} is empty` : artifact.message, ...checks };
  }
  const before = aliasesOf(registry, registration.model);
  const git = await context.git();
  const registered = await registry.register({
    name: registration.model,
    run,
    artifact: {
      file: session.workspace.absolute(registration.path),
      path: registration.path,
      hash: record.hash,
      kind: kindOf(producer, registration.path),
      mime: record.files === undefined ? mimeOf(registration.path) : FOLDER_MIME,
      ...defined({ framework: registration.framework }),
    },
    ...provenance(session, task.id, producer),
    metrics,
    ...defined({ git }),
    ...described(registration),
    aliases: registration.aliases,
    signal: context.signal,
  });
  // Asked again after the await: a cancelled run is no failure of the registry.
  if (isAborted(context) && !registered.ok) return { ok: false };
  if (!registered.ok) return { ok: false, error: registered.error.message, ...checks };
  const { version, created } = registered;
  const tagged = created ? undefined : tagAgain(registry, registration, version, run);
  if (tagged !== undefined) return { ok: false, error: tagged, ...checks };
  return {
    ok: true,
    ...checks,
    values: {
      version: version.version,
      uri: modelUri(version.name, { kind: 'version', version: version.version }),
      model: version.name,
    },
    note: note(version, created, registration.aliases, before),
  };
}

/** Lists show the first ones: what a version is judged by. */
function importantFirst(
  metrics: Readonly<Record<string, Json>>,
  { thresholds }: Registration,
): Readonly<Record<string, Json>> {
  const judged = thresholds.flatMap(({ metric }): [string, Json][] => {
    const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
    return value === undefined ? [] : [[metric, value]];
  });
  return { ...Object.fromEntries(judged), ...metrics };
}

function isAborted(context: ActionContext): boolean {
  return context.signal.aborted;
}

type Comparison =
  | { readonly ok: true; readonly checks: readonly CheckOutcome[] }
  | { readonly ok: false; readonly error: string; readonly checks: readonly CheckOutcome[] };

/** Holds the new metrics against their bounds and against the version that `compare-to` names. */
function compare(
  registry: Registry,
  registration: Registration,
  metrics: Readonly<Record<string, Json>>,
): Comparison {
  const { compareTo, thresholds, model } = registration;
  let baseline: Baseline | undefined;
  const checks: CheckOutcome[] = [];
  if (compareTo !== undefined) {
    const found = registry.version(model, compareTo);
    if (found.ok) {
      const { version } = found.version;
      const name = compareTo === version ? `${model} ${version}` : `${compareTo} (${model} ${version})`;
      baseline = { name, metrics: found.version.metrics };
    } else {
      const selector = parseSelector(compareTo);
      const byNumber = selector.ok && selector.selector.kind === 'version';
      if (byNumber || found.error.code !== 'RESOURCE_DOES_NOT_EXIST') {
        return { ok: false, error: `compare-to: ${found.error.message}`, checks };
      }
      const meant = didYouMean(similar(compareTo, Object.keys(aliasesOf(registry, model))));
      const detail = `no version of ${model} has that alias yet.${meant}`;
      checks.push({ text: `compare to ${compareTo}`, passed: true, detail });
    }
  }
  const bounds = judge(thresholds, metrics, baseline);
  checks.push(...bounds);
  if (thresholds.length === 0 && baseline !== undefined) checks.push(...differences(metrics, baseline));
  const failed = bounds.filter((outcome) => !outcome.passed);
  const [first] = failed;
  if (first === undefined) return { ok: true, checks };
  const why =
    failed.length === 1
      ? (first.detail ?? first.text)
      : `${failed.length} of ${bounds.length} bounds do not hold, as ${first.detail ?? first.text}`;
  return { ok: false, error: `no version of ${model} was made: ${why}`, checks };
}

/** What a folder of outputs calls a `file` is, once it is registered, a model. */
function kindOf(
  producer: Instance | undefined,
  path: string,
): NonNullable<RegisterRequest['artifact']['kind']> {
  const declared = producer?.outputs.find((output) => output.path === path)?.output?.kind;
  return declared === undefined || declared === 'file' ? 'model' : declared;
}

/** Where the artifact comes from: fingerprint, params and data of the task that made it, and of those before. */
function provenance(
  session: Session,
  id: string,
  producer: Instance | undefined,
): Pick<RegisterRequest, 'fingerprint' | 'params' | 'inputs' | 'features' | 'signature'> {
  const fingerprint = producer === undefined ? undefined : session.result(producer)?.fingerprint;
  const behind =
    producer === undefined ? ancestorsOf(session, id) : [...ancestorsOf(session, producer.id), producer];
  const made = new Set(
    session.graph.instances.flatMap((instance) => instance.outputs.flatMap(({ path }) => path ?? [])),
  );
  const inputs = new Map<string, string>();
  for (const instance of behind) {
    for (const { path, hash } of session.result(instance)?.inputs ?? []) {
      if (!made.has(path)) inputs.set(path, hash);
    }
  }
  return {
    ...(fingerprint === undefined || fingerprint === '' ? {} : { fingerprint }),
    params: { ...session.facts.params, ...producer?.matrix },
    inputs: [...inputs].map(([path, hash]) => ({ path, hash })),
    ...learnedFrom(session, behind),
  };
}

function described(
  registration: Registration,
): Pick<RegisterRequest, 'description' | 'tags' | 'metadata' | 'signature'> {
  const { description, tags, metadata, signature } = registration;
  const columns = (list: readonly { name: string; type: string }[]): Signature['inputs'] =>
    list.map(({ name, type }) => ({ name, type, required: true }));
  return {
    ...defined({ description }),
    tags,
    metadata,
    ...(signature === undefined
      ? {}
      : {
          signature: {
            inputs: columns(signature.inputs),
            outputs: columns(signature.outputs),
            source: 'declared' as const,
          },
        }),
  };
}

/** A version that was there already gets the tags that are asked for now. Gives why not. */
function tagAgain(
  registry: Registry,
  registration: Registration,
  version: VersionDocument,
  run: ActionContext['run'],
): string | undefined {
  for (const [key, value] of Object.entries(registration.tags)) {
    if (Object.hasOwn(version.tags, key) && version.tags[key] === value) continue;
    const set = registry.setTag(version.name, key, value, { version: version.version, run });
    if (!set.ok) return set.error.message;
  }
  return undefined;
}

function aliasesOf(registry: Registry, name: string): Readonly<Record<string, string>> {
  const model = registry.model(name);
  return model.ok ? model.model.aliases : {};
}

function note(
  version: VersionDocument,
  created: boolean,
  aliases: readonly string[],
  before: Readonly<Record<string, string>>,
): string {
  const moves = aliases.map((alias) => {
    const from = Object.hasOwn(before, alias) ? before[alias] : undefined;
    if (from === version.version) return `still ${alias}`;
    return from === undefined ? `now ${alias}` : `${alias}: ${from} → ${version.version}`;
  });
  const what = created
    ? `made version ${version.version} of ${version.name}`
    : `${version.name}: is already version ${version.version}`;
  return moves.length === 0 ? what : `${what} (${moves.join(', ')})`;
}
