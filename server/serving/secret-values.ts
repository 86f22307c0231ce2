/** Secrets that releases need: their names from the disk, their values from the environment of whoever gives an order. */
import { secretsOf } from './config.js';
import { isReleaseId } from './places.js';
import { readRelease } from './release-document.js';
import type { ServiceDocument } from './types.js';

/** What is known of a service that may not have been started yet. */
export type SecretsHolder = Pick<ServiceDocument, 'environment'> &
  Partial<Pick<ServiceDocument, 'current' | 'candidate' | 'previous'>> & {
    readonly config: Pick<ServiceDocument['config'], 'secrets'>;
  };

/** Names of the secrets of every release that may run: the one that is asked for, and those that ran. */
export function secretNamesOf(root: string, service: SecretsHolder, asked: string | undefined): string[] {
  const ids = [asked, service.current?.id, service.candidate?.id, ...(service.previous ?? [])];
  const names = ids.flatMap((id) => {
    if (id === undefined || !isReleaseId(id)) return [];
    const loaded = readRelease(root, service.environment, id);
    return loaded.state === 'ok' ? secretsOf(loaded.value, service.config) : [];
  });
  return [...new Set([...names, ...service.config.secrets])];
}

/** Values of secrets, out of the environment. Those that are not set are left out, and the host says which it lacks. */
export function secretValues(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
