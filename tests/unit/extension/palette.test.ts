/** Colours of our own in the pages: that they can be told from every background that VS Code's themes give them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

const folder = path.resolve('media/webviews');

/** Editor and widget backgrounds, as `getComputedStyle` gave them in VS Code. */
const THEMES = {
  body: {
    'Dark Modern': ['#1f1f1f', '#202020', '#181818'],
    'Dark+': ['#1e1e1e', '#252526'],
    'Solarized Dark': ['#002b36', '#00212b'],
    Monokai: ['#272822', '#1e1f1c'],
  },
  'body.vscode-light': {
    'Light Modern': ['#ffffff', '#f8f8f8'],
    'Light+': ['#ffffff', '#f3f3f3'],
    'Solarized Light': ['#fdf6e3', '#eee8d5'],
  },
  'body.vscode-high-contrast': { 'Dark High Contrast': ['#000000'] },
  'body.vscode-high-contrast-light': { 'Light High Contrast': ['#ffffff'] },
};

const NAMES = ['blue', 'orange', 'green', 'purple', 'red', 'yellow', 'gray'];

type Rgb = readonly [number, number, number];

function rgb(hex: string): Rgb {
  const at = (from: number): number => Number.parseInt(hex.slice(from, from + 2), 16);
  return [at(1), at(3), at(5)];
}

/** WCAG 2.2, relative luminance. */
function luminance(color: Rgb): number {
  const [r, g, b] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** The colours of one rule of common.css, opaque by their form. */
function coloursOf(selector: string): ReadonlyMap<string, string> {
  const css = readFileSync(path.join(folder, 'common.css'), 'utf8');
  const start = css.indexOf(`\n${selector} {`);
  assert.notEqual(start, -1, selector);
  const rule = css.slice(start, css.indexOf('}', start));
  return new Map(
    [...rule.matchAll(/--(\w+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

test('contrast is WCAG’s', () => {
  assert.equal(contrast(rgb('#000000'), rgb('#ffffff')).toFixed(1), '21.0');
  assert.equal(contrast(rgb('#777777'), rgb('#ffffff')).toFixed(2), '4.48');
});

for (const [selector, themes] of Object.entries(THEMES)) {
  test(`colours of ${selector} reach 4.5 : 1, on rows that are marked too`, () => {
    const colours = coloursOf(selector);
    assert.deepEqual([...colours.keys()], NAMES);
    for (const [theme, backgrounds] of Object.entries(themes)) {
      for (const background of backgrounds.map(rgb)) {
        const marked = rgb(colours.get('blue') ?? '').map(
          (part, at) => part * 0.08 + (background[at] ?? 0) * 0.92,
        );
        for (const [name, colour] of colours) {
          for (const under of [background, marked as unknown as Rgb])
            assert.ok(
              contrast(rgb(colour), under) >= 4.5,
              `${name} ${colour} on ${theme}: ${contrast(rgb(colour), under)}`,
            );
        }
      }
    }
  });
}

test('no page takes a colour from the charts or the test icons of a theme', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.css'))) {
    const css = readFileSync(path.join(folder, file), 'utf8');
    assert.doesNotMatch(css, /--vscode-(?:charts|testing)-/, file);
  }
});
