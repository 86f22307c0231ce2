// What of other people's work is in the build: their notices, and a bill of materials (CycloneDX 1.6), made from what the
// bundler has read rather than from what package.json asks for.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TARGETS, ownTarget } from './duckdb.mjs';
import { root } from './prepare.mjs';

/** In the package without passing through the bundler. */
const COPIED = ['@vscode/codicons', '@duckdb/node-bindings', 'detect-libc'];

/** Licences whose terms a product under Apache-2.0 keeps by handing the notices on. */
const ALLOWED = new Set(['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0', 'CC-BY-4.0']); // prettier-ignore

/** The folder of the package that a file belongs to; nothing for a file of ours. */
function packageOf(input) {
  const parts = input.split(/[\\/]/);
  const at = parts.lastIndexOf('node_modules');
  if (at === -1) return undefined;
  return parts.slice(0, at + (parts[at + 1]?.startsWith('@') ? 3 : 2)).join('/');
}

/**
 * Name, version, licence and licence text of every package in the build, by name.
 * @param inputs files that the bundler has read, relative to the repository
 * @param target the platform whose binary of DuckDB is with them, in VS Code's words
 * @throws where a licence is not one of `ALLOWED`, or its text is missing
 */
export function shippedPackages(inputs, target) {
  const bundled = inputs.map(packageOf).filter((folder) => folder !== undefined);
  const folders = new Set([...COPIED.map((name) => `node_modules/${name}`), ...bundled]);
  return [...folders]
    .flatMap((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')); // prettier-ignore
      if (!ALLOWED.has(license))
        throw new Error(`${name} ${version} is under ${license}, which we don't ship`);
      const texts = readdirSync(path.join(root, folder)).filter((file) =>
        /^(licen[cs]e|notice|copying)/i.test(file),
      );
      if (texts.length === 0) throw new Error(`${name} ${version} comes without the text of its licence`);
      const text = texts.sort().map((file) => readFileSync(path.join(root, folder, file), 'utf8').trim()).join('\n\n'); // prettier-ignore
      const one = { name, version, license, text };
      // The binary's package is installed for this platform only; its licence is that of the bindings.
      return name === '@duckdb/node-bindings' ? [one, { ...one, name: `${name}-${TARGETS[target]}` }] : [one];
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1));
}

/** Writes `THIRD-PARTY-NOTICES.txt` and `sbom.cdx.json` into the build. */
export function writeNotices(folder, inputs, target = ownTarget()) {
  const packages = shippedPackages(inputs, target);
  const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  const head = `${name} ${version} contains the following software of others.\n\n${packages.map((one) => `- ${one.name} ${one.version} (${one.license})`).join('\n')}`;
  const texts = packages.map((one) => `${one.name} ${one.version} (${one.license})\n\n${one.text}`);
  writeFileSync(path.join(folder, 'THIRD-PARTY-NOTICES.txt'), `${[head, ...texts].join(rule)}\n`);
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: { type: 'application', name, version, licenses: [{ license: { id: 'Apache-2.0' } }] },
    },
    components: packages.map((one) => ({
      type: 'library',
      'bom-ref': purlOf(one),
      name: one.name,
      version: one.version,
      licenses: [{ license: { id: one.license } }],
      purl: purlOf(one),
    })),
  };
  writeFileSync(path.join(folder, 'sbom.cdx.json'), `${JSON.stringify(bom, undefined, 2)}\n`);
}

const purlOf = ({ name, version }) => `pkg:npm/${name.replace('@', '%40')}@${version}`;
