/** Values of secrets, out of an environment, as `modelyard.yaml` says where they are. */

import { defined } from '../base/defined.js';

/** A secret that `modelyard.yaml` declares. */
export interface DeclaredSecret {
  readonly name: string;
  /** The variable that it is read from. Default: its own name. */
  readonly env?: string;
  /** What needs it goes on without it. */
  readonly optional: boolean;
  /** What it opens, for people. */
  readonly description?: string;
}

export interface SecretValues {
  /** By name; an optional one that is not set is left out. */
  readonly values: Readonly<Record<string, string>>;
  /** Those that are needed and not set. */
  readonly missing: readonly MissingSecret[];
}

interface MissingSecret {
  readonly name: string;
  /** That it is read from. */
  readonly variable: string;
  readonly description?: string;
}

export function secretsFrom(
  names: readonly string[],
  declared: readonly DeclaredSecret[],
  environment: Readonly<Record<string, string | undefined>>,
): SecretValues {
  const values: Record<string, string> = {};
  const missing: MissingSecret[] = [];
  for (const name of names) {
    const found = declared.find((one) => one.name === name);
    const variable = found?.env ?? name;
    const value = environment[variable];
    if (value !== undefined) values[name] = value;
    else if (found?.optional !== true)
      missing.push({ name, variable, ...defined({ description: found?.description }) });
  }
  return { values, missing };
}

/** Why a run can't begin. */
export function missingSecrets(missing: SecretValues['missing']): string {
  const names = missing.map(({ name, variable }) =>
    name === variable ? name : `${name} (from ${variable})`,
  );
  const [one] = missing;
  const what = missing.flatMap(({ name, description }) => description === undefined ? [] : [`. ${name}: ${description}`]); // prettier-ignore
  const said =
    missing.length === 1
      ? `the secret ${names.join('')} is not set: put it into the environment, as in ${one?.variable ?? ''}=… modelyard run`
      : `the secrets ${names.join(', ')} are not set: put them into the environment, as in ${one?.variable ?? ''}=… modelyard run`;
  return `${said}${what.join('')}`;
}
