/** Names in definitions, and what a misspelt one may have meant. */
import { trimEndWhere } from '../../base/trim.js';

export { similar } from './similar.js';

/**
 * Names of pipelines, tasks, params, outputs and everything else that an expression can reach by `context.name`. No dot
 * (it separates), no `@` and no `/` (task ids and file names are made from names).
 */
export const NAME_PATTERN = '^[A-Za-z_][A-Za-z0-9_-]{0,99}$';

/** Names of environment variables and secrets, as POSIX shells accept them. */
export const ENV_NAME_PATTERN = '^[A-Za-z_][A-Za-z0-9_]*$';

const name = new RegExp(NAME_PATTERN);

export function isValidName(word: string): boolean {
  return name.test(word);
}

/** The closest valid name, for a fix; `undefined` when nothing is left of the word. */
export function toValidName(word: string): string | undefined {
  const begun = word
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z_]+/, '');
  const cleaned = trimEndWhere(begun, (one) => one === '-').slice(0, 100);
  return isValidName(cleaned) ? cleaned : undefined;
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMean(candidates: readonly string[]): string {
  const [best] = candidates;
  return best === undefined ? '' : ` Did you mean "${best}"?`;
}

/** `a, b or c`, cut after `limit` words. */
export function alternatives(words: readonly string[], limit = 12): string {
  if (words.length > limit) return `${words.slice(0, limit).join(', ')}, …`;
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}

/**
 * What a pipeline is called that doesn't say so: `pipelines/rain.pipeline.yaml` → `rain`. A bare `pipeline.yaml` is called
 * like its folder: `rain/pipeline.yaml` → `rain`. At the root it is `pipeline`, because what the project's folder is called differs from clone to clone.
 */
export function defaultName(path: string): string {
  const [file = '', folder] = path.split('/').reverse();
  const stem = file.replace(/\.ya?ml$/i, '').replace(/\.pipeline$/i, '');
  if (stem !== '' && stem.toLowerCase() !== 'pipeline') return stem;
  return folder === undefined || folder === '' ? 'pipeline' : folder;
}
