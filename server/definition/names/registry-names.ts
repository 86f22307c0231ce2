/** Names in the model registry: MLflow's rules, and what every file system can hold. */
import { trimEndWhere } from '../../base/trim.js';

export type NameCheck = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** Longer names would not fit into a file name once they are encoded. */
export const MAX_MODEL_NAME = 120;

/** MLflow's bounds. */
export const MAX_ALIAS = 255;
export const MAX_TAG_KEY = 250;
export const MAX_TAG_VALUE = 5_000;

/** Names of models. The dot is for MLflow's users who write `schema.model`; spaces are in many of their names. */
export const MODEL_NAME_PATTERN = '^[A-Za-z0-9_](?:[A-Za-z0-9_. -]*[A-Za-z0-9_-])?$';

const modelName = new RegExp(MODEL_NAME_PATTERN);

const fine: NameCheck = { ok: true };
const bad = (message: string): NameCheck => ({ ok: false, message });

/** A name as it can be shown in a message: short, on one line, without control characters. */
function shown(name: string): string {
  // Cut in the middle of a pair, the half would be written as an escape.
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
}

/** Whether a model may be called so. */
export function checkModelName(name: string): NameCheck {
  if (name === '') return bad('A model needs a name.');
  if (name.length > MAX_MODEL_NAME) {
    return bad(`The model name ${shown(name)} has ${name.length} characters; at most ${MAX_MODEL_NAME} fit.`);
  }
  if (modelName.test(name)) return fine;
  return bad(
    `${shown(name)} can't be a model's name: use letters from a to z, digits, "_", "-", "." and spaces, beginning with a letter, a digit or "_" and ending with none of "." and space.`,
  );
}

/** The closest name that a model may have, for a fix; `undefined` when nothing is left of the word. */
export function toModelName(word: string): string | undefined {
  const cleaned = word
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9_. -]+/g, '-')
    .replace(/^[^A-Za-z0-9_]+/, '')
    .slice(0, MAX_MODEL_NAME)
    .replace(/[^A-Za-z0-9_]+$/, '');
  return checkModelName(cleaned).ok ? cleaned : undefined;
}

/** The closest name that an alias may have; a number is none. */
export function toAlias(word: string): string | undefined {
  const begun = word
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+/, '');
  const cleaned = trimEndWhere(begun.slice(0, MAX_ALIAS), (one) => one === '-');
  return checkAlias(cleaned).ok ? cleaned : undefined;
}

/** Whether an alias may be called so: MLflow's rule, and not a number, because `rain@3` is version 3. */
export function checkAlias(alias: string): NameCheck {
  if (alias === '') return bad('An alias needs a name.');
  if (alias.length > MAX_ALIAS) {
    return bad(`The alias ${shown(alias)} has ${alias.length} characters; at most ${MAX_ALIAS} are allowed.`);
  }
  if (!/^[A-Za-z0-9_-]+$/.test(alias)) {
    return bad(`${shown(alias)} can't be an alias: use letters from a to z, digits, "_" and "-".`);
  }
  if (alias.toLowerCase() === 'latest') {
    return bad(`"${alias}" can't be an alias: "latest" always means the newest version.`);
  }
  if (/^v?\d+$/i.test(alias))
    return bad(`"${alias}" can't be an alias: it reads like the number of a version.`);
  return fine;
}

/**
 * What is wrong with an alias that a model does not have yet: people, and other tools, don't tell aliases apart by case.
 * @param aliases that the model has, and that it gets besides
 */
export function checkNewAlias(alias: string, model: string, aliases: readonly string[]): NameCheck {
  const folded = alias.toLowerCase();
  const other = aliases.find((one) => one !== alias && one.toLowerCase() === folded);
  return other === undefined
    ? fine
    : bad(
        `"${alias}" differs only by case from "${other}", an alias of ${model}. Take that one, or another name.`,
      );
}

/** Whether a tag may have this key: MLflow's characters and bounds. */
export function checkTagKey(key: string): NameCheck {
  if (key === '') return bad('A tag needs a key.');
  if (key.length > MAX_TAG_KEY) {
    return bad(`The tag key ${shown(key)} has ${key.length} characters; at most ${MAX_TAG_KEY} are allowed.`);
  }
  if (!/^[\w .:/-]+$/.test(key)) {
    return bad(
      `${shown(key)} can't be the key of a tag: use letters, digits, "_", "-", ".", ":", "/" and spaces.`,
    );
  }
  return fine;
}

/** Whether a tag may have this value. */
export function checkTagValue(value: string): NameCheck {
  if (value.length <= MAX_TAG_VALUE) return fine;
  return bad(`A tag's value has ${value.length} characters; at most ${MAX_TAG_VALUE} are allowed.`);
}

/** Whether this is the number of a version as it is written: `3`, not `03`, `0` or `v3`. */
export function isVersionNumber(text: string): boolean {
  return /^[1-9]\d{0,14}$/.test(text);
}

/** Which version of a model is meant. */
export type VersionSelector =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'alias'; readonly alias: string }
  | { readonly kind: 'latest' };

export interface ModelReference {
  readonly name: string;
  readonly selector: VersionSelector;
}

export type ParsedReference =
  | { readonly ok: true; readonly reference: ModelReference }
  | { readonly ok: false; readonly message: string };

/** `3`, `production` or `latest` (in any case). */
export function parseSelector(
  text: string,
):
  | { readonly ok: true; readonly selector: VersionSelector }
  | { readonly ok: false; readonly message: string } {
  if (isVersionNumber(text)) return { ok: true, selector: { kind: 'version', version: text } };
  if (text.toLowerCase() === 'latest') return { ok: true, selector: { kind: 'latest' } };
  const alias = checkAlias(text);
  return alias.ok ? { ok: true, selector: { kind: 'alias', alias: text } } : alias;
}

/** `rain@3`, `rain@production`, and MLflow's `models:/rain/3`, `models:/rain@production`, `models:/rain/latest`. */
export function parseModelReference(text: string): ParsedReference {
  const uri = /^models:\/{1,3}(.*)$/s.exec(text)?.[1];
  const body = uri ?? text;
  const at = body.lastIndexOf('@');
  const slash = uri === undefined ? -1 : body.lastIndexOf('/');
  const cut = Math.max(at, slash);
  if (cut < 1) {
    return {
      ok: false,
      message: `${shown(text)} names no version: write model@alias, model@3 or models:/model/3.`,
    };
  }
  const name = body.slice(0, cut);
  const checked = checkModelName(name);
  if (!checked.ok) return checked;
  const selected = parseSelector(body.slice(cut + 1));
  if (!selected.ok) return selected;
  if (cut === slash && selected.selector.kind === 'alias') {
    const message = `${shown(text)} names a stage or an alias as if it were a version: write models:/${name}@${selected.selector.alias}.`;
    return { ok: false, message };
  }
  return { ok: true, reference: { name, selector: selected.selector } };
}

/** MLflow's address of a version. */
export function modelUri(name: string, selector: VersionSelector): string {
  switch (selector.kind) {
    case 'version':
      return `models:/${name}/${selector.version}`;
    case 'alias':
      return `models:/${name}@${selector.alias}`;
    case 'latest':
      return `models:/${name}/latest`;
  }
}
