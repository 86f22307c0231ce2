/** Failures as values, and who does something. */
import os from 'node:os';
import process from 'node:process';
import type { RegistryErrorCode, RegistryFailure } from './types.js';

export function failure(code: RegistryErrorCode, message: string): RegistryFailure {
  return { ok: false, error: { code, message } };
}

let user: string | undefined;

/** `user@host` of this process. */
export function whoAmI(): string {
  if (user === undefined) {
    let name = process.env['USER'] ?? process.env['USERNAME'] ?? '';
    try {
      name = os.userInfo().username;
    } catch {
      // A user without an entry, as in some containers.
    }
    user = `${name === '' ? 'unknown' : name}@${os.hostname()}`;
  }
  return user;
}
