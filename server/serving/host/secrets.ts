/** Values of secrets that people have sent a service's host. They stay in memory. */
import { secretsOf } from '../services/config.js';
import type { ReleaseDocument, ServiceConfig } from '../types.js';
import type { ReleaseRun } from './release-run.js';

export class HostSecrets {
  #values: Readonly<Record<string, string>> = {};

  /** Takes values in; gives all there are, to be masked from now on. */
  learn(values: Readonly<Record<string, string>>): readonly string[] {
    this.#values = { ...this.#values, ...values };
    return Object.values(this.#values);
  }

  /** What a release is started with. */
  of(release: ReleaseDocument, config: ServiceConfig): Readonly<Record<string, string>> {
    return Object.fromEntries(secretsOf(release, config).map((name) => [name, this.#values[name] ?? '']));
  }

  /** Names whose values are not those that the processes of a release have. */
  changedSince(run: ReleaseRun): readonly string[] {
    return Object.keys(run.secrets).filter((name) =>
      run.valuesOf(name).some((value) => value !== this.#values[name]),
    );
  }

  /** Names that nobody has sent a value of, and what to do about it. */
  missing(
    release: ReleaseDocument,
    config: ServiceConfig,
  ): { readonly names: readonly string[]; readonly message: string } | undefined {
    const names = secretsOf(release, config).filter((name) => !Object.hasOwn(this.#values, name));
    if (names.length === 0) return undefined;
    const them = names.length === 1 ? 'it' : 'them';
    return {
      names,
      message: `the release ${release.id} needs ${names.join(', ')}: set ${them} in the environment of this command`,
    };
  }
}
