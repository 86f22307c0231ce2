/**
 * The settings of the tasks that package, approve, deploy, start and watch an app, and that run another pipeline.
 * Half-written ones are read, too: what is missing is an empty text, and the structural check has told it.
 */
import type {
  ApprovalAction,
  DeployAction,
  HealthPaths,
  HealthProbe,
  MonitorAction,
  MonitorDrift,
  MonitorRule,
  PackageAction,
  PipelineAction,
  ServiceAction,
  TemplateText,
} from '../definition.js';
import {
  START,
  booleanOf,
  bytesOf,
  durationOf,
  field,
  given,
  itemsOf,
  envOf,
  mapOf,
  numberOf,
  templateOf,
  templatesOf,
  textOf,
  textsOf,
  wordOf,
} from './read.js';
import type { Maybe } from './read.js';
import { DEFAULT_LIMITS } from '../service-limits.js';
import { readMetadata, readSignature } from './read-register.js';

/** Where neither the task nor anything else says so. */
export const SERVING_DEFAULTS = {
  keep: 3,
  setupTimeoutMs: 10 * 60_000,
  probe: { intervalMs: 5_000, timeoutMs: 2_000, failures: 3 },
  graceMs: 30_000,
  drainMs: 15_000,
  overMs: 60_000,
  sample: 0.1,
} as const;

function needed(node: Maybe, key: string): TemplateText {
  return templateOf(field(node, key)) ?? { text: '', span: node?.span ?? START };
}

function atLeastOne(node: Maybe, otherwise: number): number {
  const value = numberOf(node);
  return value === undefined || value < 1 ? otherwise : Math.floor(value);
}

export function readPackage(node: Maybe): PackageAction {
  const signature = field(node, 'signature');
  return {
    kind: 'package',
    name: needed(node, 'name'),
    ...given('description', templateOf(field(node, 'description'))),
    include: templatesOf(field(node, 'include')),
    exclude: templatesOf(field(node, 'exclude')),
    entrypoint: templatesOf(field(node, 'entrypoint')),
    setup: templatesOf(field(node, 'setup')),
    ...given('port', templateOf(field(node, 'port'))),
    health: readHealth(field(node, 'health')),
    env: envOf(field(node, 'env')),
    secrets: textsOf(field(node, 'secrets')),
    ...given('model', templateOf(field(node, 'model'))),
    ...given('signature', mapOf(signature) === undefined ? undefined : readSignature(signature)),
    ...given('featureService', templateOf(field(node, 'feature-service'))),
    ...given('python', textOf(field(node, 'python'))),
    ...given('requirements', templateOf(field(node, 'requirements'))),
    allowSecretFiles: templatesOf(field(node, 'allow-secret-files')),
  };
}

/** One path answers for both. */
function readHealth(node: Maybe): HealthPaths {
  const one = templateOf(node);
  if (one !== undefined) return { live: one, ready: one };
  return {
    ...given('live', templateOf(field(node, 'live'))),
    ...given('ready', templateOf(field(node, 'ready'))),
  };
}

export function readApproval(node: Maybe): ApprovalAction {
  const compare = field(node, 'compare');
  const who = templatesOf(field(node, 'who'));
  return {
    kind: 'approval',
    prompt: needed(node, 'prompt'),
    artifacts: templatesOf(field(node, 'artifacts')),
    metrics: templatesOf(field(node, 'metrics')),
    ...given(
      'compare',
      mapOf(compare) === undefined
        ? undefined
        : {
            model: needed(compare, 'model'),
            // What nobody has written has no width.
            to: templateOf(field(compare, 'to')) ?? {
              text: 'production',
              span: { start: compare?.span.start ?? 0, end: compare?.span.start ?? 0 },
            },
          },
    ),
    who: who.some(({ text }) => text === 'any') ? [] : who,
    count: atLeastOne(field(node, 'count'), 1),
    ...given('timeoutMs', durationOf(field(node, 'timeout'))),
    onTimeout: wordOf(field(node, 'on-timeout'), ['reject', 'approve', 'fail']) ?? 'reject',
  };
}

export function readDeploy(node: Maybe): DeployAction {
  return {
    kind: 'deploy',
    package: needed(node, 'package'),
    ...given('model', templateOf(field(node, 'model'))),
    environment: needed(node, 'environment'),
    ...given('target', templateOf(field(node, 'target'))),
    env: envOf(field(node, 'env')),
    secrets: textsOf(field(node, 'secrets')),
    keep: atLeastOne(field(node, 'keep'), SERVING_DEFAULTS.keep),
    setupTimeoutMs: durationOf(field(node, 'setup-timeout')) ?? SERVING_DEFAULTS.setupTimeoutMs,
  };
}

export function readService(node: Maybe): ServiceAction {
  return {
    kind: 'service',
    name: needed(node, 'name'),
    ...given('environment', templateOf(field(node, 'environment'))),
    ...given('release', templateOf(field(node, 'release'))),
    ...given('port', templateOf(field(node, 'port'))),
    ...given('host', templateOf(field(node, 'host'))),
    ...given('health', readProbe(field(node, 'health'))),
    graceMs: durationOf(field(node, 'grace')) ?? SERVING_DEFAULTS.graceMs,
    drainMs: durationOf(field(node, 'drain')) ?? SERVING_DEFAULTS.drainMs,
    ...given('replicas', templateOf(field(node, 'replicas'))),
    rollbackOnFailure: booleanOf(field(node, 'rollback-on-failure')) ?? true,
    ...given('traffic', templateOf(field(node, 'traffic'))),
    limits: {
      maxBodyBytes: bytesOf(field(node, 'max-body')) ?? DEFAULT_LIMITS.maxBodyBytes,
      maxHeaderBytes: bytesOf(field(node, 'max-header')) ?? DEFAULT_LIMITS.maxHeaderBytes,
      timeoutMs: durationOf(field(node, 'timeout')) ?? DEFAULT_LIMITS.timeoutMs,
    },
    env: envOf(field(node, 'env')),
    secrets: textsOf(field(node, 'secrets')),
  };
}

function readProbe(node: Maybe): HealthProbe | undefined {
  const { probe } = SERVING_DEFAULTS;
  const path = templateOf(node) ?? templateOf(field(node, 'path'));
  if (path === undefined) return undefined;
  return {
    path,
    intervalMs: durationOf(field(node, 'interval')) ?? probe.intervalMs,
    timeoutMs: durationOf(field(node, 'timeout')) ?? probe.timeoutMs,
    failures: atLeastOne(field(node, 'failures'), probe.failures),
  };
}

export function readMonitor(node: Maybe): MonitorAction {
  const drift = field(node, 'drift');
  return {
    kind: 'monitor',
    service: needed(node, 'service'),
    ...given('environment', templateOf(field(node, 'environment'))),
    ...given('forMs', durationOf(field(node, 'for'))),
    rules: itemsOf(field(node, 'rules')).flatMap(readRule),
    minRequests: Math.max(0, Math.floor(numberOf(field(node, 'min-requests')) ?? 0)),
    ...given('requests', wordOf<'canary' | 'all'>(field(node, 'requests'), ['canary', 'all'])),
    ...given('drift', mapOf(drift) === undefined ? undefined : readDrift(drift)),
    onFailure: wordOf(field(node, 'on-failure'), ['fail', 'rollback', 'alert']) ?? 'fail',
    ...given('webhook', templateOf(field(node, 'webhook'))),
  };
}

function readRule(node: NonNullable<Maybe>): MonitorRule[] {
  const rule = templateOf(node) ?? templateOf(field(node, 'rule'));
  if (rule === undefined) return [];
  return [
    {
      rule,
      span: node.span,
      overMs: durationOf(field(node, 'over')) ?? SERVING_DEFAULTS.overMs,
      severity: wordOf(field(node, 'severity'), ['warning', 'error']) ?? 'error',
      ...given('message', templateOf(field(node, 'message'))),
    },
  ];
}

function readDrift(node: Maybe): MonitorDrift {
  const sample = numberOf(field(node, 'sample'));
  return {
    ...given('against', templateOf(field(node, 'against'))),
    features: templatesOf(field(node, 'features')),
    sample: sample === undefined ? SERVING_DEFAULTS.sample : Math.min(1, Math.max(0, sample)),
    redact: textsOf(field(node, 'redact')),
  };
}

export function readPipelineCall(node: Maybe): PipelineAction {
  const name = templateOf(node) ?? needed(node, 'name');
  return { kind: 'pipeline', name, params: readMetadata(field(node, 'params')) };
}
