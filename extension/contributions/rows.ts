/** The shape of a row of the commands, and of the places where it shows. */
import { TRUSTED, all } from './conditions.js';
import { is, isAny, isOneWithout } from './items.js';

export type ViewId = 'pipelines' | 'features' | 'models' | 'services' | 'runs';

/** A place in a menu. */
export interface Placed {
  readonly menu: string;
  readonly when: string;
  /** `inline@1`: the group, and the place in it; several where it shows more than once. */
  readonly groups: readonly string[];
}

export interface CommandRow {
  /** With … where it asks something first. */
  readonly title: string;
  /** A codicon. */
  readonly icon: string;
  /** Where there is little room. */
  readonly short?: string;
  /** When it can be used at all. Absent: always. */
  readonly enabled?: string;
  /** When the palette offers it. Absent: always. */
  readonly palette?: string;
  readonly menus?: readonly Placed[];
  readonly keys?: { readonly key: string; readonly mac: string; readonly when: string };
}

export const ALWAYS = '';
/** In the palette: it needs an item to work on. */
export const NEVER = 'false';

/** On the items of a view for which a condition holds. */
export function onItem(view: ViewId, when: string, ...groups: readonly string[]): Placed {
  return { menu: 'view/item/context', when: all(`view == modelyard.${view}`, when), groups };
}

/** A model or a version that is there. */
const KEPT = isOneWithout(['model', 'version'], 'deleted');

/**
 * Menus below an item of a menu: what belongs together, where one menu would be too long. Each has one place: of two in a menu
 * VS Code takes the first.
 */
export const SUBMENUS = {
  'model.alias': { label: 'Alias', place: onItem('models', all(KEPT, TRUSTED), '2_more@1') },
  'model.words': { label: 'Description and Tags', place: onItem('models', all(KEPT, TRUSTED), '2_more@2') },
  'model.files': { label: 'Files and Export', place: onItem('models', is('version'), '2_more@3') },
  'run.more': { label: 'More', place: onItem('runs', is('run'), '3_more@2') },
  'service.release': {
    label: 'Release',
    place: onItem('services', all(isAny('service', 'back', 'canary', 'deploying'), TRUSTED), '2_release@1'),
  },
} as const satisfies Record<string, { readonly label: string; readonly place: Placed }>;

/** In a submenu. */
export function inSubmenu(id: keyof typeof SUBMENUS, when: string, ...groups: readonly string[]): Placed {
  return { menu: `modelyard.${id}`, when, groups };
}

/** At the head of a view. */
export function onTitle(view: ViewId, when: string, ...groups: readonly string[]): Placed {
  const own = `view == modelyard.${view}`;
  return { menu: 'view/title', when: when === ALWAYS ? own : all(own, when), groups };
}

/** In a menu of VS Code's own. */
export function within(
  menu: 'editor/title' | 'editor/title/run' | 'explorer/context',
  when: string,
  ...groups: readonly string[]
): Placed {
  return { menu, when, groups };
}
