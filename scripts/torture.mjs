// `npm run torture`: the test files whose number of cases grows (`tests/support/generated/cases.ts`), at full length. Takes hours.
// `npm run torture -- tests/security` for some of them; `-- --share=0.1` for a tenth of the cases, others each time, so that
// several at once share the work; `-- --test-name-pattern=…` for some tests of these files; `-- --list` names the files.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ensureInstalled, root } from './lib/prepare.mjs';

const given = process.argv.slice(2);
const share = given.find((one) => one.startsWith('--share='))?.slice('--share='.length) ?? '1';
if (!(Number(share) > 0)) {
  console.error('--share is a number above 0: 0.1 tries a tenth of the cases');
  process.exit(2);
}
const options = given.filter((one) => one.startsWith('--test-'));
const places = given.filter((one) => !one.startsWith('--'));
const files = (places.length > 0 ? places : ['tests'])
  .flatMap((place) =>
    statSync(path.join(root, place)).isFile()
      ? [place]
      : readdirSync(path.join(root, place), { recursive: true }).map((file) => path.join(place, file)),
  )
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => /from '.*\/cases\.js'/.test(readFileSync(path.join(root, file), 'utf8')));
if (files.length === 0) {
  console.error('no test there has a long form');
  process.exit(2);
}
if (given.includes('--list')) {
  console.log(files.join('\n'));
  process.exit(0);
}
ensureInstalled();
for (const program of ['build.mjs', 'peers.mjs'])
  if (spawnSync(process.execPath, [`scripts/${program}`], { cwd: root, stdio: 'inherit' }).status !== 0)
    process.exit(1);
const { status } = spawnSync(
  process.execPath,
  ['scripts/test-run.mjs', '--test-timeout=14400000', ...options, ...files],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, MODELYARD_TORTURE: share },
  },
);
process.exit(status ?? 1);
