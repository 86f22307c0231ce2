/** `service` and `monitor` tasks with every expression replaced by its value. */
import { defined } from '../../../base/defined.js';
import type { MonitorAction, ServiceAction, TemplateText } from '../../../definition/definition.js';
import { parseMonitorRule } from '../../../definition/text/monitor-rule.js';
import { isValidName } from '../../../definition/names/names.js';
import { LEAST_HEADER_BYTES, type ServiceLimits } from '../../../definition/service-limits.js';
import type { ServiceRequest } from '../../../serving/services/config.js';
import type { WatchedRequests } from '../../../serving/releases/gate.js';
import type { MonitorRule } from '../../../serving/monitor/rules.js';
import { isReleaseId } from '../../../serving/places.js';
import type { FingerprintPart } from '../../../stores/runs/document.js';
import { envOf, portOf } from '../package/resolve.js';
import type { Texts } from '../../resolve/texts.js';

export interface ServiceSettings {
  readonly name: string;
  /** Absent: that of the `deploy` it follows. */
  readonly environment?: string;
  /** Absent: that of the `deploy` it follows, else the newest. */
  readonly release?: string;
  readonly request: Omit<ServiceRequest, 'release'>;
}

export interface MonitoringSettings {
  readonly service: string;
  readonly environment?: string;
  /** Absent: the rules are set and stay. */
  readonly forMs?: number;
  readonly rules: readonly MonitorRule[];
  readonly minRequests: number;
  /** Absent: the canary's where there is one. */
  readonly requests?: WatchedRequests;
  readonly drift?: {
    /** Relative to the project. */
    readonly against?: string;
    readonly features: readonly string[];
    readonly sample: number;
    readonly redact: readonly string[];
  };
  readonly onFailure: 'fail' | 'rollback' | 'alert';
  readonly webhook?: string;
}

export function resolveService(
  action: ServiceAction,
  texts: Texts,
  parts: FingerprintPart[],
): ServiceSettings {
  const name = nameOf(action.name, texts);
  const environment = optional(action.environment, texts);
  const release = optional(action.release, texts);
  if (release !== undefined && action.release !== undefined && !isReleaseId(release)) {
    texts.fail(
      `release: "${release}" is not a release; leave it out for that of the deploy before`,
      action.release.span,
    );
  }
  const host = optional(action.host, texts);
  const { health } = action;
  const settings: ServiceSettings = {
    name,
    ...defined({ environment, release }),
    request: {
      ...(action.port === undefined ? {} : { port: portOf(action.port, texts) }),
      ...defined({ host }),
      ...(health === undefined
        ? {}
        : {
            probe: {
              path: texts.kept(health.path).trim(),
              intervalMs: health.intervalMs,
              timeoutMs: health.timeoutMs,
              failures: health.failures,
            },
          }),
      graceMs: action.graceMs,
      drainMs: action.drainMs,
      ...(action.replicas === undefined
        ? {}
        : { replicas: numberOf(action.replicas, 'replicas', 1, 64, texts) }),
      rollbackOnFailure: action.rollbackOnFailure,
      ...(action.traffic === undefined
        ? {}
        : { traffic: numberOf(action.traffic, 'traffic', 0, 100, texts) }),
      limits: limitsOf(action, texts),
      env: envOf(action.env, texts),
      secrets: [...new Set(action.secrets.map(({ value }) => value))],
    },
  };
  parts.push({ kind: 'service', name: 'settings', value: JSON.stringify(settings) });
  return settings;
}

export function resolveMonitor(
  action: MonitorAction,
  texts: Texts,
  parts: FingerprintPart[],
): MonitoringSettings {
  const environment = optional(action.environment, texts);
  const webhook = optional(action.webhook, texts);
  const { drift } = action;
  const against = optional(drift?.against, texts);
  const settings: MonitoringSettings = {
    service: nameOf(action.service, texts),
    ...defined({ environment, forMs: action.forMs }),
    rules: action.rules.map(({ rule, overMs, severity, message }) => {
      const text = texts.kept(rule).trim();
      const parsed = parseMonitorRule(text);
      if (!parsed.ok) texts.fail(`rules: ${parsed.message}`, rule.span);
      return {
        rule: text,
        overMs,
        severity,
        ...(message === undefined ? {} : { message: texts.text(message).trim() }),
      };
    }),
    minRequests: action.minRequests,
    ...defined({ requests: action.requests }),
    ...(drift === undefined
      ? {}
      : {
          drift: {
            ...(against === undefined || drift.against === undefined
              ? {}
              : { against: texts.path(against, 'data file', drift.against.span) }),
            features: drift.features.map((feature) => texts.kept(feature).trim()),
            sample: drift.sample,
            redact: drift.redact.map(({ value }) => value),
          },
        }),
    onFailure: action.onFailure,
    ...defined({ webhook }),
  };
  parts.push({ kind: 'monitor', name: 'settings', value: JSON.stringify(settings) });
  return settings;
}

function limitsOf({ limits, name }: ServiceAction, texts: Texts): ServiceLimits {
  if (limits.timeoutMs === 0) texts.fail('timeout: a request needs time to arrive', name.span);
  if (limits.maxHeaderBytes < LEAST_HEADER_BYTES) {
    texts.fail('max-header: less than 1KiB is too little for the requests of a browser', name.span);
  }
  return limits;
}

function optional(text: TemplateText | undefined, texts: Texts): string | undefined {
  const value = text === undefined ? '' : texts.kept(text).trim();
  return value === '' ? undefined : value;
}

function nameOf(text: TemplateText, texts: Texts): string {
  const name = texts.kept(text).trim();
  if (isValidName(name)) return name;
  return texts.fail(
    `"${name}" can't be the name of a service: use letters, digits, "_" and "-", beginning with a letter or "_"`,
    text.span,
  );
}

function numberOf(text: TemplateText, key: string, least: number, most: number, texts: Texts): number {
  const given = texts.kept(text).trim().replace(/%$/, '');
  const value = /^\d{1,4}$/.test(given) ? Number(given) : -1;
  if (value >= least && value <= most) return value;
  return texts.fail(`${key}: "${given}" is no whole number from ${least} to ${most}`, text.span);
}
