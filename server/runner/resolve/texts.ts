/** What resolving the settings of an action needs of whoever resolves the rest of the task. */
import type { Json, TemplateText } from '../../definition/definition.js';

/** A version of a model, as far as settings need it. */
export interface VersionFacts {
  readonly name: string;
  readonly version: string;
  readonly hash: string;
  /** The alias it was asked for by, when it was. */
  readonly alias?: string;
  readonly metrics: Readonly<Record<string, Json>>;
}

type Span = TemplateText['span'];

export interface Texts {
  /** Secrets masked: all of this is recorded. */
  text(text: TemplateText): string;
  /** What is kept and used as it is: an expression that gives a secret is refused, for there it would be readable. */
  kept(text: TemplateText): string;
  /** A command of a shell: each value becomes one quoted word. Secrets are refused as in `kept`. */
  command(text: TemplateText): string;
  value(text: TemplateText): Json;
  condition(text: TemplateText): { readonly passed: boolean; readonly detail?: string };
  path(given: string, what: string, span: Span): string;
  /** Metrics of a task that has ended. */
  metrics(task: string, span: Span): Readonly<Record<string, Json>>;
  /** The version behind `rain@candidate`; it counts for the fingerprint. */
  model(
    reference: string,
  ): { readonly ok: true; readonly version: VersionFacts } | { readonly ok: false; readonly message: string };
  fail(message: string, span: Span): never;
}
