/** What can be told from a service as it stands, the same in trees, panels, notifications and commands. Pure. */
import type { ServiceItem } from '../../../server/protocol/index.js';

/** A release has a share of the traffic beside the one that serves. One that is only being made ready is no canary yet. */
export function hasCanary({ candidate }: Pick<ServiceItem, 'candidate'>): boolean {
  return candidate?.since !== undefined;
}

/** Rolling back would lead somewhere: from the canary to what serves, or to the release before. */
export function canGoBack(service: Pick<ServiceItem, 'candidate' | 'previous'>): boolean {
  return hasCanary(service) || service.previous !== undefined;
}
