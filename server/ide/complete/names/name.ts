/** A name that completion offers. */
export interface Name {
  readonly name: string;
  /** A few words behind it. */
  readonly detail?: string;
  /** Markdown. */
  readonly documentation?: string;
}

/** Each name once, the first of them. */
export function unique(names: readonly Name[]): Name[] {
  return [...new Map(names.toReversed().map((name) => [name.name, name])).values()].reverse();
}
