/** Who does something. */
import os from 'node:os';
import process from 'node:process';

let known: { readonly user: string; readonly host: string } | undefined;

/** The user that this process belongs to, as the system has it, and the machine. */
export function userAndHost(): { readonly user: string; readonly host: string } {
  if (known === undefined) {
    let user;
    try {
      user = os.userInfo().username;
    } catch {
      // Without an entry, as in containers: two of them are two people all the same.
      const uid = process.getuid?.();
      user = uid === undefined ? '' : `uid-${uid}`;
    }
    known = { user: user === '' ? 'unknown' : user, host: os.hostname() };
  }
  return known;
}

/** `user@host` of this process. */
export function whoAmI(): string {
  const { user, host } = userAndHost();
  return `${user}@${host}`;
}
