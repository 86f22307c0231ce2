/** Texts by small numbers. */
export class Dictionary {
  readonly #codes = new Map<string, number>();
  readonly texts: string[] = [];

  code(text: string): number {
    let code = this.#codes.get(text);
    if (code === undefined) {
      code = this.texts.length;
      this.texts.push(text);
      this.#codes.set(text, code);
    }
    return code;
  }
}
