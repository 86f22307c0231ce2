/** Names of app packages, of environments, targets, services, and references to versions of packages. */
import { isVersionNumber } from './registry-names.js';
import type { NameCheck } from './registry-names.js';

/** Longer names would not fit into a file name once they are encoded. */
const MAX_NAME = 100;

/** What may be called so becomes the name of a folder. */
const PATTERN = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?$/;

/** @param what `package`, `environment`, … for the message */
export function checkServingName(name: string, what: string): NameCheck {
  const a = /^[aeiou]/.test(what) ? 'An' : 'A';
  if (name === '') return { ok: false, message: `${a} ${what} needs a name.` };
  if (name.length > MAX_NAME) {
    const message = `The name of the ${what} ${JSON.stringify(`${name.slice(0, 40)}…`)} has ${name.length} characters; at most ${MAX_NAME} fit.`;
    return { ok: false, message };
  }
  if (PATTERN.test(name)) return { ok: true };
  const shown = JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
  const message = `${shown} can't be the name of ${a.toLowerCase()} ${what}: use letters from a to z, digits, "_", "-" and ".", beginning with a letter, a digit or "_" and not ending with ".".`;
  return { ok: false, message };
}

export interface PackageReference {
  readonly name: string;
  /** Absent: the newest. */
  readonly version?: string;
}

/** `rain-app`, `rain-app@3`, `rain-app@latest`. */
export function parsePackageReference(
  text: string,
):
  | { readonly ok: true; readonly reference: PackageReference }
  | { readonly ok: false; readonly message: string } {
  const at = text.indexOf('@');
  const name = at === -1 ? text : text.slice(0, at);
  const checked = checkServingName(name, 'package');
  if (!checked.ok) return checked;
  if (at === -1) return { ok: true, reference: { name } };
  const version = text.slice(at + 1);
  if (version.toLowerCase() === 'latest') return { ok: true, reference: { name } };
  if (isVersionNumber(version)) return { ok: true, reference: { name, version } };
  const shown = JSON.stringify(version.slice(0, 40));
  return {
    ok: false,
    message: `${shown} is no version of a package: write ${name} for the newest, or a number as in ${name}@3.`,
  };
}
