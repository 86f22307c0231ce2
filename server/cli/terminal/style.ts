/** Colours, where the terminal has them and nobody has asked for none. */

export type Paint = (text: string) => string;

export interface Style {
  readonly colours: boolean;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly blue: Paint;
  readonly cyan: Paint;
}

/** https://no-color.org and the customary FORCE_COLOR; both count when they are set to something. */
export function wantsColours(terminal: boolean, env: NodeJS.ProcessEnv = process.env): boolean {
  const force = env['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  return terminal && env['TERM'] !== 'dumb';
}

export function styleFor(colours: boolean): Style {
  const paint =
    (open: number, close: number): Paint =>
    (text) =>
      colours && text !== '' ? `\x1b[${open}m${text}\x1b[${close}m` : text;
  return {
    colours,
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    blue: paint(34, 39),
    cyan: paint(36, 39),
  };
}
