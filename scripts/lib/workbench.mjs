// The tests' page object (tests/editor/ui/workbench.ts), for scripts: bundled on the fly, because scripts are JavaScript.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './prepare.mjs';

/** Answers the module's exports. */
export async function loadWorkbench() {
  const esbuild = await import('esbuild');
  const outfile = path.join(root, `out/look/workbench-${process.pid}.mjs`);
  mkdirSync(path.dirname(outfile), { recursive: true });
  await esbuild.build({
    entryPoints: [path.join(root, 'tests/editor/ui/workbench.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile).href);
}

/** Names of colour themes, which differ between versions of VS Code. */
export function themeSetting(theme, version) {
  const modern = version.name === '1.100';
  const names = {
    light: modern ? 'Default Light Modern' : 'Light 2026',
    dark: modern ? 'Default Dark Modern' : 'Dark 2026',
    hc: 'Default High Contrast',
    'hc-light': 'Default High Contrast Light',
  };
  if (!(theme in names)) throw new Error(`no theme ${theme}; there is ${Object.keys(names).join(', ')}`);
  return {
    'workbench.colorTheme': names[theme],
    'window.autoDetectColorScheme': false,
    'window.autoDetectHighContrast': false,
  };
}
