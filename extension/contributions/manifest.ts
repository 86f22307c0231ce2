/** `contributes` of package.json, as far as the tables make it, and what is wrong with the rest. */
import { COMMANDS, type CommandId } from './commands.js';
import { CONTEXT_KEYS } from './conditions.js';
import { SUBMENUS, type CommandRow } from './rows.js';
import { SETTINGS } from './settings.js';

const ROWS = Object.entries<CommandRow>(COMMANDS).map(([id, row]) => ({ command: `modelyard.${id}`, row }));

interface Entry {
  readonly command?: string;
  readonly submenu?: string;
  readonly when: string;
  readonly group?: string;
}

function menus(): Record<string, Entry[]> {
  const made: ReturnType<typeof menus> = {
    commandPalette: ROWS.flatMap(({ command, row: { palette } }) =>
      palette === undefined ? [] : [{ command, when: palette }],
    ),
  };
  for (const { command, row } of ROWS) {
    for (const { menu, when, groups } of row.menus ?? [])
      (made[menu] ??= []).push(...groups.map((group) => ({ command, when, group })));
  }
  for (const [id, { place }] of Object.entries(SUBMENUS)) {
    const { menu, when, groups } = place;
    (made[menu] ??= []).push(...groups.map((group) => ({ submenu: `modelyard.${id}`, when, group })));
  }
  return made;
}

/** The parts that the tables make; what else is contributed is written in package.json by hand. */
export function contributed(): Readonly<Record<string, unknown>> {
  return {
    commands: ROWS.map(({ command, row: { title, short, icon, enabled } }) => ({
      command,
      title,
      category: 'Modelyard',
      shortTitle: short,
      icon: `$(${icon})`,
      enablement: enabled,
    })),
    submenus: Object.entries(SUBMENUS).map(([id, { label }]) => ({ id: `modelyard.${id}`, label })),
    menus: menus(),
    keybindings: ROWS.flatMap(({ command, row: { keys } }) =>
      keys === undefined ? [] : [{ command, ...keys }],
    ),
    configuration: [
      {
        title: 'Modelyard',
        properties: Object.fromEntries(
          Object.entries(SETTINGS).map(([id, setting], index) => [
            `modelyard.${id}`,
            { ...setting, order: index + 1 },
          ]),
        ),
      },
    ],
  };
}

/**
 * What a manifest names and is not there: commands of links and of what is pressed, and keys of conditions.
 *
 * @param contributes all of it
 */
export function manifestProblems(contributes: unknown): string[] {
  const text = JSON.stringify(contributes);
  const known: ReadonlySet<string> = new Set<CommandId | (string & {})>(Object.keys(COMMANDS));
  const keys: ReadonlySet<string> = new Set(CONTEXT_KEYS);
  const commands = [...text.matchAll(/(?:[cC]ommand:|"command":")modelyard\.([\w.]+)/g)].map(
    ([, id = '']) => id,
  );
  const asked = [...text.matchAll(/"(?:when|enablement)":"((?:[^"\\]|\\.)*)"/g)].flatMap(([, when = '']) =>
    [...when.matchAll(/(?<!== )\bmodelyard\.([\w.]+)/g)].map(([, key = '']) => key),
  );
  return [
    ...commands.filter((id) => !known.has(id)).map((id) => `there is no command modelyard.${id}`),
    ...asked.filter((key) => !keys.has(key)).map((key) => `nothing sets the context key modelyard.${key}`),
  ];
}
