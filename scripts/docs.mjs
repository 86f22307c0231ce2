// Writes what is made from the code: docs/rules, docs/reference/language.md, docs/reference/cli.md, docs/schema, docs/json, and `contributes`
// of package.json. With --check it writes nothing and fails when a page is not what the code says.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { answerPages, answerSchemas } from './lib/answer-schemas.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);

/** What the generators are asked, as one module over the server's code. */
const entry = `
  import { renderLanguageReference } from './server/definition/schema/reference.js';
  import { jsonSchemaOf } from './server/definition/schema/json-schema.js';
  import { renderRuleIndex, renderRulePage, rulePageName } from './server/rules/docs.js';
  import { ALL_RULES } from './server/rules/index.js';
  import { cliReference } from './server/cli/commands/help.js';
  import { COMMANDS } from './server/cli/program.js';
  import { contributed, manifestProblems } from './extension/contributions/manifest.js';
  export { formatVersion } from './server/cli/answers.js';
  export const manifest = ({ contributes, ...rest }) => {
    const all = { ...contributes, ...contributed() };
    return { problems: manifestProblems(all), text: JSON.stringify({ ...rest, contributes: all }, null, 2) + '\\n' };
  };
  export const pages = async () => ({
    'docs/reference/cli.md': await cliReference(COMMANDS),
    'docs/reference/language.md': renderLanguageReference(),
    'docs/rules/README.md': renderRuleIndex(),
    ...Object.fromEntries(ALL_RULES.map((rule) => ['docs/rules/' + rulePageName(rule.id), renderRulePage(rule)])),
    ...Object.fromEntries(['pipeline', 'features', 'project'].map((kind) => [
      'docs/schema/' + kind + '.schema.json', JSON.stringify(jsonSchemaOf(kind), null, 2) + '\\n',
    ])),
  });
`;

/** Path → content of every generated page, and what is wrong with what was written by hand. */
async function generate() {
  await mkdir('out', { recursive: true });
  const folder = await mkdtemp(path.join(root, 'out', 'docs-'));
  try {
    const outfile = path.join(folder, 'docs.cjs');
    await esbuild.build({
      stdin: { contents: entry, resolveDir: root, loader: 'ts' },
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      logLevel: 'warning',
      mainFields: ['module', 'main'],
    });
    const { default: generators } = await import(pathToFileURL(outfile).href);
    const pages = {
      ...(await generators.pages()),
      ...answerPages(answerSchemas(root, generators.formatVersion)),
    };
    const manifest = generators.manifest(JSON.parse(await readFile('package.json', 'utf8')));
    return { pages: { ...pages, 'package.json': manifest.text }, problems: manifest.problems };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Files in the generated folders that no generator makes any more. */
async function leftovers(pages) {
  const found = [];
  for (const folder of ['docs/rules', 'docs/schema', 'docs/json']) {
    const names = await readdir(folder).catch(() => []);
    found.push(...names.map((name) => `${folder}/${name}`).filter((file) => !(file in pages)));
  }
  return found;
}

const read = (file) => readFile(file, 'utf8').catch(() => undefined);
const check = process.argv.includes('--check');
const { pages, problems } = await generate();
let written = 0;
for (const [file, text] of Object.entries(pages)) {
  const old = await read(file);
  if (old === text) continue;
  if (check) {
    problems.push(`${file} ${old === undefined ? 'is missing' : 'is not what the code says'}`);
    continue;
  }
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  written++;
}
for (const file of await leftovers(pages)) {
  if (check) problems.push(`${file} is made by nothing any more`);
  else await rm(file);
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  console.error('Run `npm run docs` and commit what it writes.');
  process.exitCode = 1;
} else {
  console.log(
    check
      ? `${Object.keys(pages).length} pages agree with the code`
      : `${written} of ${Object.keys(pages).length} pages written`,
  );
}
