/** Python environments laid out by hand: their `python` is a script of the shell that says where it lies. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** An executable that prints its own path and then runs its arguments as a command. */
export function fakeProgram(file: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "${file}"\n`);
  chmodSync(file, 0o755);
  return file;
}

export interface FakeEnvironment {
  readonly version?: string;
  /** Version by name, as folders of `site-packages` say it. */
  readonly packages?: Readonly<Record<string, string>>;
  /** Lines of `pyvenv.cfg` beside the version. */
  readonly config?: string;
}

/** A virtual environment; gives its folder. */
export function fakeVenv(
  folder: string,
  { version = '3.12.4', packages = {}, config = '' }: FakeEnvironment = {},
): string {
  fakeProgram(path.join(folder, 'bin/python'));
  fakeProgram(path.join(folder, 'bin/python3'));
  writeFileSync(path.join(folder, 'pyvenv.cfg'), `home = /usr/bin\nversion = ${version}\n${config}`);
  install(path.join(folder, `lib/python${version.split('.').slice(0, 2).join('.')}/site-packages`), packages);
  return folder;
}

/** A conda environment; gives its folder. */
export function fakeConda(
  folder: string,
  { version = '3.11.5', packages = {} }: FakeEnvironment = {},
): string {
  fakeProgram(path.join(folder, 'bin/python'));
  fakeProgram(path.join(folder, 'bin/python3'));
  mkdirSync(path.join(folder, 'conda-meta'), { recursive: true });
  writeFileSync(path.join(folder, `conda-meta/python-${version}-h1234_0_cpython.json`), '{}');
  install(path.join(folder, `lib/python${version.split('.').slice(0, 2).join('.')}/site-packages`), packages);
  return folder;
}

function install(site: string, packages: Readonly<Record<string, string>>): void {
  mkdirSync(site, { recursive: true });
  for (const [name, version] of Object.entries(packages))
    mkdirSync(path.join(site, `${name}-${version}.dist-info`));
}
