/** Failures as values. */
import type { RegistryErrorCode, RegistryFailure } from './types.js';

export function failure(code: RegistryErrorCode, message: string): RegistryFailure {
  return { ok: false, error: { code, message } };
}
