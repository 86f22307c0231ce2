/**
 * How the page that is open looks in all kinds of themes: without a serious finding of axe-core, with colours that can be told from
 * what is behind them, and with a picture of each to be looked at.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type axe from 'axe-core';
import type { Frame } from 'playwright-core';
import { isOldest, type UiTest } from './session.js';
import { until } from './workbench.js';

/** Ids of VS Code's own themes had another form. */
const own = (name: string): string => (isOldest && !name.startsWith('Default') ? `Default ${name}` : name);

const KINDS = {
  dark: own('Dark Modern'),
  light: own('Light Modern'),
  hc: 'Default High Contrast',
  'hc-light': 'Default High Contrast Light',
} as const;

/** Those of which the contrast of our colours is computed besides. */
const OTHERS = ['Solarized Dark', 'Solarized Light', 'Monokai'];

/** Colours of lines, marks and words that say what is good and what is not. */
const COLOURS = ['blue', 'orange', 'green', 'purple', 'red', 'yellow', 'gray'];

const AXE = readFileSync(
  path.join(path.dirname(createRequire(__filename).resolve('axe-core')), 'axe.min.js'),
  'utf8',
);

type Rgb = readonly [number, number, number];

async function pageOf({ workbench }: UiTest): Promise<Frame> {
  return until('the page', async () => {
    const element = await workbench.webview.locator('body').elementHandle({ timeout: 5_000 });
    return element.ownerFrame();
  });
}

/** Takes a theme for the workspace. @param theme of ours, or the id of one of VS Code */
export function takeTheme(folder: string, theme: string): void {
  const file = path.join(folder, '.vscode/settings.json');
  mkdirSync(path.dirname(file), { recursive: true });
  const id = Object.entries(KINDS).find(([kind]) => kind === theme)?.[1] ?? theme;
  writeFileSync(file, JSON.stringify({ 'workbench.colorTheme': id }));
}

/** Takes a theme for the workspace, and waits until the page has it. */
async function wear(ui: UiTest, theme: string): Promise<Frame> {
  takeTheme(ui.folder, theme);
  await ui.workbench.webview.locator(`body[data-vscode-theme-id="${theme}"]`).waitFor();
  return pageOf(ui);
}

/** WCAG 2.2. */
function contrast(one: Rgb, other: Rgb): number {
  const light = (color: Rgb): number => {
    const [r = 0, g = 0, b = 0] = color.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [low = 0, high = 0] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** Colours of our own against the page and against cards in it, as the window computes them. */
async function judgeColours(frame: Frame, theme: string): Promise<void> {
  const names = [...COLOURS, 'surface', 'vscode-editor-background'];
  const computed = await frame.evaluate<Readonly<Record<string, string>>>(`((names) => {
    const probe = document.createElement('span');
    document.body.append(probe);
    const entries = names.map((name) => {
      probe.style.color = 'var(--' + name + ')';
      return [name, getComputedStyle(probe).color];
    });
    probe.remove();
    return Object.fromEntries(entries);
  })(${JSON.stringify(names)})`);
  const rgb = (name: string): Rgb => {
    const [r = NaN, g = NaN, b = NaN, alpha = 1] = (computed[name]?.match(/[\d.]+/g) ?? []).map(Number);
    assert.equal(alpha, 1, `${name} of ${theme} is translucent: ${String(computed[name])}`);
    return [r, g, b];
  };
  for (const behind of ['vscode-editor-background', 'surface'])
    for (const name of COLOURS)
      assert.ok(
        contrast(rgb(name), rgb(behind)) >= 4.5,
        `${name} on ${behind} in ${theme}: ${contrast(rgb(name), rgb(behind)).toFixed(2)} : 1`,
      );
}

/** What axe-core finds serious in the page, a line each. */
async function findings(frame: Frame): Promise<readonly string[]> {
  // By the debugger: the page itself lets no script in.
  await frame.evaluate(AXE);
  const { violations } = await frame.evaluate<axe.AxeResults>(
    `axe.run(document, { resultTypes: ['violations'] })`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(
        ({ html, failureSummary = '' }) =>
          `${id}: ${html.slice(0, 200)} ${failureSummary.replace(/\s+/g, ' ')}`,
      ),
    );
}

/**
 * Judges the page that is open in a dark, a light and both high-contrast themes, and leaves a picture of each; the window is dark
 * again afterwards.
 *
 * @param name of the pictures
 */
export async function judgeLooks(ui: UiTest, name: string): Promise<void> {
  const found: string[] = [];
  for (const [kind, theme] of Object.entries(KINDS)) {
    const frame = await wear(ui, theme);
    await judgeColours(frame, theme);
    await ui.workbench.screenshot(`${name}-${kind}`);
    found.push(...(await findings(frame)).map((finding) => `${theme}: ${finding}`));
  }
  await wear(ui, KINDS.dark);
  assert.deepEqual(found, []);
}

/** Our colours in further themes of VS Code. */
export async function judgePalette(ui: UiTest): Promise<void> {
  for (const theme of OTHERS) await judgeColours(await wear(ui, theme), theme);
}
