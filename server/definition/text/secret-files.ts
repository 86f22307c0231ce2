/** Files that look like secrets: by their names, and by what stands in them. Used where files leave the project. */

const NAMES: readonly RegExp[] = [
  /^\.env(\.(?!example$|sample$|template$|dist$|defaults?$).+)?$/,
  /\.env$/,
  /^id_(rsa|dsa|ecdsa|ed25519)(_sk)?$/,
  /\.(key|p12|pfx|jks|keystore|kdbx|ppk)$/,
  /^\.(netrc|pgpass|pypirc|git-credentials|htpasswd)$/,
  /^_netrc$/,
  /^(credentials|client_secret.*|service[-_]?account.*)\.json$/,
];

/** Why a file looks like a secret by its name; nothing when it does not. @param path with `/` between names */
export function secretByName(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  return NAMES.some((pattern) => pattern.test(name)) ? `is named like a secret` : undefined;
}

const CONTENTS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ((RSA|EC|DSA|OPENSSH|ENCRYPTED) )?PRIVATE KEY-----/, 'holds a private key'],
  [/-----BEGIN PGP PRIVATE KEY BLOCK-----/, 'holds a private key'],
  [/\b(AKIA|ASIA)[0-9A-Z]{16}\b/, 'holds an access key of AWS'],
  [/\bgh[pousr]_[A-Za-z0-9]{36,}\b/, 'holds a token of GitHub'],
  [/\bgithub_pat_[A-Za-z0-9_]{60,}\b/, 'holds a token of GitHub'],
  [/\bglpat-[A-Za-z0-9_-]{20,}\b/, 'holds a token of GitLab'],
  [/\bxox[abprs]-[A-Za-z0-9-]{20,}\b/, 'holds a token of Slack'],
  [/\bhf_[A-Za-z0-9]{30,}\b/, 'holds a token of Hugging Face'],
];

/** Why a file looks like a secret by its text; nothing when it does not. */
export function secretByContent(text: string): string | undefined {
  return CONTENTS.find(([pattern]) => pattern.test(text))?.[1];
}
