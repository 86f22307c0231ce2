/** What the subcommands of `modelyard models` share: the registry, references to versions, and telling what went wrong. */
import { defined } from '../../../base/defined.js';
import { didYouMean, similar } from '../../../definition/names/names.js';
import { parseModelReference } from '../../../definition/names/registry-names.js';
import type { Registry } from '../../../stores/registry/registry.js';
import type {
  Cause,
  Outcome,
  RegisteredModel,
  RegistryError,
  VersionDocument,
} from '../../../stores/registry/types.js';
import { type ChangeAnswers, answerChange } from '../../answers.js';
import { UsageError } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT, stdout } from '../../output.js';
import type { ProjectCall, SubcommandOf } from '../../subcommands.js';
import { tame } from '../../terminal/text.js';

/** One call of a subcommand. */
export interface Call extends ProjectCall {
  readonly registry: Registry;
}

export type Subcommand = SubcommandOf<Call>;

/** A version as it is meant on the command line, with the aliases that point to it. */
export interface Chosen {
  readonly version: VersionDocument;
  readonly aliases: readonly string[];
}

const WRONG_USE: ReadonlySet<RegistryError['code']> = new Set([
  'RESOURCE_DOES_NOT_EXIST',
  'INVALID_PARAMETER_VALUE',
]);

/** The value of an outcome; what went wrong ends the command: 2 for what can't be meant, 1 for what was refused. */
export function valueOf<T extends object>(outcome: Outcome<T>, hint = ''): T {
  if (outcome.ok) return outcome;
  const { code, message } = outcome.error;
  throw new CommandError(`${message}${hint}`, WRONG_USE.has(code) ? EXIT.usage : EXIT.failed);
}

/** Names of models that a word which names none may have meant. */
export function modelHint(registry: Registry, name: string): string {
  const names = registry.models().models.map((model) => model.name);
  return names.includes(name) ? '' : didYouMean(similar(name, names));
}

export function modelNamed(call: Call, name: string): RegisteredModel {
  return valueOf(call.registry.model(name), modelHint(call.registry, name)).model;
}

/** The version that `rain@3`, `rain@production`, `rain@latest` or `models:/rain/3` means. */
export function versionNamed(call: Call, word: string): Chosen {
  const parsed = parseModelReference(word);
  if (!parsed.ok) throw new UsageError(parsed.message);
  const { name, selector } = parsed.reference;
  const found = call.registry.resolveUri(word);
  if (found.ok) return found;
  const model = call.registry.model(name);
  if (!model.ok) return valueOf<Chosen>(found, modelHint(call.registry, name));
  const aliases = Object.keys(model.model.aliases);
  return valueOf<Chosen>(
    found,
    selector.kind === 'alias' ? didYouMean(similar(selector.alias, aliases)) : '',
  );
}

/** `rain` is the model, `rain@3` one of its versions. */
export type Subject =
  | { readonly kind: 'model'; readonly name: string; readonly model: RegisteredModel }
  | ({ readonly kind: 'version'; readonly name: string } & Chosen);

export function subjectNamed(call: Call, word: string): Subject {
  if (/[@]|^models:/.test(word)) {
    const chosen = versionNamed(call, word);
    return { kind: 'version', name: chosen.version.name, ...chosen };
  }
  return { kind: 'model', name: word, model: modelNamed(call, word) };
}

/** Name and number where even a deleted version may be meant; the number has to be given as a number. */
export function numberNamed(word: string): { readonly name: string; readonly version: string } | undefined {
  const parsed = parseModelReference(word);
  if (!parsed.ok || parsed.reference.selector.kind !== 'version') return undefined;
  return { name: parsed.reference.name, version: parsed.reference.selector.version };
}

export function causeOf({ args, dry }: Call): Cause {
  const reason = args.text('reason');
  return { dry, ...defined({ reason }) };
}

/** `k=v` as a pair. */
export function pairOf(text: string, what: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at <= 0) throw new UsageError(`${what} takes KEY=VALUE, not "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/**
 * One sentence for people, or the same as JSON, where `applied` says whether it was done.
 * @param would the sentence where it was only asked what would be done
 */
export function say<K extends keyof ChangeAnswers>(
  call: Pick<ProjectCall, 'json' | 'dry'>,
  name: K,
  json: ChangeAnswers[K],
  text: string,
  would = `would change ${text}`,
): number {
  if (call.json) answerChange(name, json, !call.dry);
  else stdout.line(tame(call.dry ? would : text, false));
  return EXIT.ok;
}
