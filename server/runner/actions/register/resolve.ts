/** A `register` task with every expression replaced by its value. */
import { defined } from '../../../base/defined.js';
import { jsonText } from '../../../base/json.js';
import type {
  Json,
  MetadataValue,
  RegisterAction,
  Signature,
  TemplateText,
  Threshold,
} from '../../../definition/definition.js';
import {
  checkAlias,
  checkModelName,
  checkTagKey,
  checkTagValue,
  parseSelector,
} from '../../../definition/names/registry-names.js';
import { toText } from '../../../definition/expressions/values.js';
import type { FingerprintPart } from '../../../stores/runs/document.js';
import type { Texts } from '../../resolve/texts.js';

export interface Registration {
  readonly model: string;
  /** Of the artifact, relative to the project. */
  readonly path: string;
  readonly aliases: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly description?: string;
  readonly framework?: string;
  /** An alias, a number or `latest`. */
  readonly compareTo?: string;
  readonly thresholds: readonly Threshold[];
  readonly signature?: Signature;
  readonly metadata: Readonly<Record<string, Json>>;
  /** Why no version is to be made: its `when` does not hold. */
  readonly refused?: string;
}

export function resolveRegister(
  action: RegisterAction,
  texts: Texts,
  parts: FingerprintPart[],
): Registration {
  const model = texts.text(action.model).trim();
  const named = checkModelName(model);
  if (!named.ok) texts.fail(named.message, action.model.span);
  const when = action.when === undefined ? undefined : texts.condition(action.when);
  const tags = Object.fromEntries(action.tags.map(({ name, value }) => [name, texts.text(value)]));
  for (const { name, nameSpan } of action.tags) {
    const [key, value] = [checkTagKey(name), checkTagValue(tags[name] ?? '')];
    if (!key.ok) texts.fail(key.message, nameSpan);
    if (!value.ok) texts.fail(value.message, nameSpan);
  }
  const { thresholds, framework, signature } = action;
  const compareTo = baseline(action, texts);
  const description = action.description === undefined ? undefined : texts.text(action.description);
  const metadata = Object.fromEntries(
    action.metadata.map(({ name, value }) => [name, metadataOf(value, texts)]),
  );
  const registration: Registration = {
    model,
    path: artifactPath(action, texts),
    aliases: aliasesOf(action, texts),
    tags,
    ...defined({ description, framework, compareTo }),
    thresholds,
    ...defined({ signature }),
    metadata,
    ...(when === undefined || when.passed ? {} : { refused: refusal(action.when, when.detail) }),
  };
  parts.push({ kind: 'register', name: 'model', value: model });
  parts.push({ kind: 'register', name: 'aliases', value: registration.aliases.join(', ') });
  // As written: the values that stand in it are parts of their own, by what they are called.
  for (const [name, value] of Object.entries(action.written)) {
    if (IN_VALUES.has(name)) continue;
    parts.push({ kind: 'register', name, value: jsonText(value) });
  }
  return registration;
}

/** Settings whose values, and not their texts, count. */
const IN_VALUES: ReadonlySet<string> = new Set(['model', 'from', 'aliases']);

function refusal(when: TemplateText | undefined, detail: string | undefined): string {
  const known = detail === undefined ? '' : ` (${detail})`;
  return `no version: when: ${when?.text.trim() ?? ''} does not hold${known}`;
}

function artifactPath(action: RegisterAction, texts: Texts): string {
  const given = texts.value(action.from);
  if (Array.isArray(given)) {
    const paths = (given as readonly Json[]).map(toText).join(', ');
    texts.fail(
      `from: there are several artifacts (${paths}), and a version is made of one: name the path of one, or register in the same matrix`,
      action.from.span,
    );
  }
  return texts.path(toText(given), 'artifact', action.from.span);
}

function aliasesOf(action: RegisterAction, texts: Texts): string[] {
  const aliases = action.aliases.map((text) => {
    const alias = texts.text(text).trim();
    const checked = checkAlias(alias);
    if (!checked.ok) texts.fail(checked.message, text.span);
    return alias;
  });
  return [...new Set(aliases)];
}

function baseline(action: RegisterAction, texts: Texts): string | undefined {
  if (action.compareTo === undefined) {
    const relative = action.thresholds.find(
      ({ maxLoss, maxGain }) => maxLoss !== undefined || maxGain !== undefined,
    );
    if (relative === undefined) return undefined;
    const which = relative.maxLoss === undefined ? 'max-gain' : 'max-loss';
    texts.fail(
      `thresholds: \`${which}\` of ${relative.metric} says how it may differ from another version: say which with \`compare-to\`, as in compare-to: production`,
      relative.span,
    );
  }
  const text = texts.text(action.compareTo).trim();
  const selector = parseSelector(text);
  if (!selector.ok) texts.fail(`compare-to: ${selector.message}`, action.compareTo.span);
  return text;
}

/** A value with the expressions in it replaced by their values. */
export function metadataOf(value: MetadataValue, texts: Pick<Texts, 'value'>): Json {
  switch (value.kind) {
    case 'value':
      return value.value;
    case 'text':
      return texts.value(value.text);
    case 'list':
      return value.items.map((item) => metadataOf(item, texts));
    case 'map':
      return Object.fromEntries(value.entries.map((entry) => [entry.name, metadataOf(entry.value, texts)]));
  }
}
