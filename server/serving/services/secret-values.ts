/** Secrets that releases need: their names from the disk, their values from the environment of whoever gives an order. */
import { type DeclaredSecret, secretsFrom } from '../../definition/secrets.js';
import { secretsOf } from './config.js';
import { isReleaseId } from '../places.js';
import { readRelease } from '../releases/document.js';
import type { ServiceDocument } from '../types.js';

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

/**
 * Values of secrets, out of an environment. Those that are not set are left out, and the host says which it lacks; what may
 * be missing is empty.
 */
export function secretValues(
  names: readonly string[],
  declared: readonly DeclaredSecret[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const { values, missing } = secretsFrom(names, declared, environment);
  const needed = new Set(missing.map(({ name }) => name));
  return Object.fromEntries(names.flatMap((name) => (needed.has(name) ? [] : [[name, values[name] ?? '']])));
}
