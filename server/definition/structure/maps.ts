/** Maps of a definition against what may stand in them: the alternative that was meant, and words for messages. */
import type { MapNode } from '../../syntax/tree.js';
import { similar } from '../names/names.js';
import { paramForm } from '../params/form.js';
import type { MapShape } from '../schema/shape.js';

/** The alternative that the keys fit best. */
export function bestMap(node: MapNode, maps: readonly MapShape[]): MapShape | undefined {
  if (maps.length < 2) return maps[0];
  if (maps[0]?.hint.param !== undefined) {
    const form = paramForm(node);
    return maps.find(({ hint }) => hint.param === (form === 'long' ? 'long' : 'group'));
  }
  let best: MapShape | undefined;
  let bestScore = -1;
  for (const map of maps) {
    const keys = new Set(node.entries.map((entry) => entry.key.text));
    let score = 0;
    for (const name of keys) {
      if (map.properties.has(name)) score += map.required.includes(name) ? 4 : 1;
      else if (similar(name, map.required).length > 0) score += 0.5;
    }
    if (score > bestScore) [best, bestScore] = [map, score];
  }
  return best;
}

/** Keys of the map that are not there yet. */
export function freeKeys(node: MapNode, map: MapShape): string[] {
  const used = new Set(node.entries.map((entry) => entry.key.text));
  return [...map.properties.keys()].filter((name) => !used.has(name));
}

/** Where a key that means nothing here would mean something, one or two levels below, as a sentence. */
export function placeBelow(key: string, map: MapShape): string {
  for (const { name, shape } of map.properties.values()) {
    if (shape.maps.some(({ properties }) => properties.has(key))) return ` It is a key of \`${name}\`.`;
    for (const { named } of shape.maps) {
      if (named?.shape.maps.some(({ properties }) => properties.has(key)) === true) {
        return ` It belongs to one of the \`${name}\`: \`${name}: { NAME: { ${key}: … } }\`.`;
      }
    }
  }
  return '';
}

/** What a name has to be like here, as a sentence. */
export function nameRule(map: MapShape): string {
  const source = map.named?.pattern?.source ?? '';
  if (source.includes('\\/')) return 'A rule is named like `graph/cycle`.';
  const dash = source.includes('-]') ? ', "_" and "-"' : ' and "_"';
  return `Use letters, digits${dash}, beginning with a letter or "_".`;
}

/** What a map is called in a message. */
export function titleOf(map: MapShape, label: string): string {
  return label === 'an item' || label === 'the file' ? (map.schema.title ?? label) : label;
}

/** The first letter of a sentence. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A quoted text of a length for people. */
export function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
