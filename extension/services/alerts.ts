/** Which alerts a person has yet to be told of. Pure: what was told is kept over reloads by whoever asks. */
import type { AlertItem, EnvironmentItem, ServiceItem } from '../../server/protocol/index.js';
import { serviceKey } from './rows.js';

/** What was told and is not over: a key of the alert, and since when it fires. */
export type Told = Readonly<Record<string, string>>;

export interface AlertNews {
  readonly raised: readonly { readonly service: ServiceItem; readonly alert: AlertItem }[];
  readonly cleared: readonly { readonly service: ServiceItem; readonly rule: string }[];
  readonly told: Told;
}

/** Between a service and a rule of it: in no name of either. */
const SEPARATOR = '\n';

/**
 * Compares what fires with what was told. Of a service that is stopped or gone nobody knows whether its rules hold: what
 * was told of it is forgotten and nothing is said.
 */
export function alertNews(environments: readonly EnvironmentItem[], told: Told): AlertNews {
  const services = environments.flatMap((environment) => environment.services);
  const raised: { service: ServiceItem; alert: AlertItem }[] = [];
  const cleared: { service: ServiceItem; rule: string }[] = [];
  const next: Record<string, string> = {};
  for (const service of services) {
    for (const alert of service.alerts) {
      const key = `${serviceKey(service)}${SEPARATOR}${alert.rule}`;
      if (alert.firing) {
        if (told[key] !== alert.since) raised.push({ service, alert });
        next[key] = alert.since;
      } else if (Object.hasOwn(told, key)) cleared.push({ service, rule: alert.rule });
    }
  }
  return { raised, cleared, told: next };
}
