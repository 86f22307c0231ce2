/** What a service is started with, and what it takes when nobody says. */
import { DEFAULT_LIMITS, type ServiceLimits } from '../../definition/service-limits.js';
import type { ProbeConfig, ReleaseDocument, ServiceCause, ServiceConfig } from '../types.js';

/** What somebody asks a service's host to run. What is left out stays as it is, or is the default. */
export interface ServiceRequest {
  /** The release; absent: the one that ran last. */
  readonly release?: string;
  readonly port?: number;
  /** Ports to choose from when nobody names one. */
  readonly ports?: { readonly from: number; readonly to: number };
  readonly host?: string;
  readonly probe?: Partial<ProbeConfig>;
  readonly graceMs?: number;
  readonly drainMs?: number;
  readonly replicas?: number;
  readonly rollbackOnFailure?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Names of secrets beside those of the release. */
  readonly secrets?: readonly string[];
  readonly limits?: Partial<ServiceLimits>;
  /** Percent of the traffic for the release; below 100 it is a canary beside the one that runs. */
  readonly traffic?: number;
}

/** A request on its way to the host. The values of secrets are kept in memory only. */
export interface ServiceOrder extends ServiceRequest {
  readonly cause: ServiceCause;
  /** By which the same order can be called off. */
  readonly id?: string;
  /** Waits for its turn while another change is under way; else it is refused then. */
  readonly wait?: boolean;
  /** Refused where a newer release of the same app serves by then, or is tried. */
  readonly unlessNewer?: boolean;
  readonly secretValues: Readonly<Record<string, string>>;
}

export const DEFAULT_PORTS = { from: 8000, to: 8099 } as const;

export const DEFAULT_PROBE: ProbeConfig = { intervalMs: 5_000, timeoutMs: 2_000, failures: 3 };

/** All but the port, which has to be looked for. */
export function mergeConfig(
  request: ServiceRequest,
  before: (Omit<ServiceConfig, 'limits'> & Partial<Pick<ServiceConfig, 'limits'>>) | undefined,
): Omit<ServiceConfig, 'port'> {
  return {
    host: request.host ?? before?.host ?? '127.0.0.1',
    probe: { ...(before?.probe ?? DEFAULT_PROBE), ...request.probe },
    graceMs: request.graceMs ?? before?.graceMs ?? 30_000,
    drainMs: request.drainMs ?? before?.drainMs ?? 15_000,
    replicas: request.replicas ?? before?.replicas ?? 1,
    limits: { ...DEFAULT_LIMITS, ...before?.limits, ...request.limits },
    rollbackOnFailure: request.rollbackOnFailure ?? before?.rollbackOnFailure ?? true,
    env: request.env ?? before?.env ?? {},
    secrets: request.secrets ?? before?.secrets ?? [],
  };
}

/** Names of all secrets that a release needs in a service, each once. */
export function secretsOf(release: ReleaseDocument, config: Pick<ServiceConfig, 'secrets'>): string[] {
  return [...new Set([...release.secrets, ...config.secrets])];
}
