/** Programs from Debian, for tests that need more than a fresh clone has. */
import { spawnSync } from 'node:child_process';

export type Availability = { readonly ok: true } | { readonly ok: false; readonly why: string };

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

const apt = (...args: string[]) =>
  spawnSync(
    'apt-get',
    ['-o', 'DPkg::Lock::Timeout=60', '-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15', ...args],
    { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, timeout: 180_000 },
  );

/** Whether the programs are there; installs the packages where they are not and this is Debian as root. */
export function installed(
  what: string,
  programs: readonly string[],
  packages: readonly string[],
): Availability {
  const missing = (): boolean => programs.some((one) => !has(one));
  if (process.platform !== 'linux') return { ok: false, why: `${what} is installed on Linux only` };
  if (process.getuid?.() !== 0) return { ok: false, why: `this is not root, as which ${what} is installed` };
  if (!missing()) return { ok: true };
  if (!has('apt-get')) return { ok: false, why: `${what} is not installed, and there is no apt-get` };
  const install = (): void => void apt('install', '-y', '--no-install-recommends', ...packages);
  install();
  if (missing() && apt('update').status === 0) install();
  return missing()
    ? { ok: false, why: `${what} is not installed, and apt-get can’t install it` }
    : { ok: true };
}
