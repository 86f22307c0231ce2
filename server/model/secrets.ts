/** Values of secrets, out of an environment, as `modelyard.yaml` says where they are. */

/** A secret that `modelyard.yaml` declares. */
export interface DeclaredSecret {
  readonly name: string;
  /** The variable that it is read from. Default: its own name. */
  readonly env?: string;
  /** What needs it goes on without it. */
  readonly optional: boolean;
}

export interface SecretValues {
  /** By name; an optional one that is not set is left out. */
  readonly values: Readonly<Record<string, string>>;
  /** Names of those that are needed and not set, each with the variable that it is read from. */
  readonly missing: readonly { readonly name: string; readonly variable: string }[];
}

export function secretsFrom(
  names: readonly string[],
  declared: readonly DeclaredSecret[],
  environment: Readonly<Record<string, string | undefined>>,
): SecretValues {
  const values: Record<string, string> = {};
  const missing: { name: string; variable: string }[] = [];
  for (const name of names) {
    const found = declared.find((one) => one.name === name);
    const variable = found?.env ?? name;
    const value = environment[variable];
    if (value !== undefined) values[name] = value;
    else if (found?.optional !== true) missing.push({ name, variable });
  }
  return { values, missing };
}

/** Why a run can't begin. */
export function missingSecrets(missing: SecretValues['missing']): string {
  const names = missing.map(({ name, variable }) =>
    name === variable ? name : `${name} (from ${variable})`,
  );
  const [one] = missing;
  return missing.length === 1
    ? `the secret ${names.join('')} is not set: put it into the environment, as in ${one?.variable ?? ''}=… modelyard run`
    : `the secrets ${names.join(', ')} are not set: put them into the environment, as in ${one?.variable ?? ''}=… modelyard run`;
}
