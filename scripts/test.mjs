// `npm test`: everything that CI checks. `npm test -- --only lint,unit` for some stages; `--list` names them.
//
// A stage that fails does not stop the others. Its output is printed; that of every stage is in out/logs/<stage>.log.
// The last line is `N passed, N failed`: tests, and one for each stage that is no test suite.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled, root } from './lib/prepare.mjs';
import { capture } from './lib/run.mjs';

ensureInstalled();
const { ownTarget } = await import('./lib/duckdb.mjs');

const logs = path.join(root, 'out/logs');
// Runs of whoever works on this machine are not waited for.
process.env.MODELYARD_MACHINE ??= path.join(root, 'out/machine');
const bin = (name) => path.join(root, 'node_modules', name);
const node = (...args) => [process.execPath, args];

/** A stage that is right or wrong as a whole: commands that have to end with 0. */
const check = (name, ...commands) => ({
  name,
  async run() {
    let output = '';
    for (const [program, args] of commands) {
      const result = await capture(program, args, { cwd: root, timeoutMs: 1_200_000 });
      output += result.output;
      if (result.code !== 0) return { passed: 0, failed: 1, output, shown: tail(output, 150) };
    }
    return { passed: 1, failed: 0, output, shown: notes(output) };
  },
});

const tail = (text, lines) => text.trimEnd().split('\n').slice(-lines).join('\n');

/** A folder of tests for node's runner. */
const suite = (name) => ({
  name,
  async run() {
    const folder = path.join(root, 'tests', name);
    if (
      !existsSync(folder) ||
      !readdirSync(folder, { recursive: true }).some((file) => file.endsWith('.test.ts'))
    )
      return { passed: 0, failed: 1, output: '', shown: `no tests in tests/${name}` };
    const results = path.join(logs, `${name}.ndjson`);
    rmSync(results, { force: true });
    const { code, output } = await capture(
      ...node(
        'scripts/test-run.mjs',
        '--test-timeout=900000',
        // Tests wait more than they compute. Node's own choice is one file at a time on two cores.
        `--test-concurrency=${Math.max(2, availableParallelism())}`,
        `--test-reporter=${path.join(root, 'scripts/lib/results-reporter.mjs')}`,
        `--test-reporter-destination=${results}`,
        '--test-reporter=spec',
        '--test-reporter-destination=stdout',
        `tests/${name}`,
      ),
      { cwd: root, timeoutMs: 2_400_000 },
    );
    const lines = existsSync(results) ? readFileSync(results, 'utf8').split('\n').filter(Boolean) : [];
    const tests = lines.map((line) => JSON.parse(line)).filter((entry) => 'name' in entry);
    const failures = tests.filter(({ ok }) => !ok);
    const passed = tests.length - failures.length;
    // Where there is something to be had that the machine lacks.
    const skipped = output.split('\n').filter((line) => line.startsWith('skipped: '));
    if (code === 0 && passed > 0) return { passed, failed: 0, output, shown: skipped.join('\n') };
    const shown = failures.map((test) => `✖ ${test.name}\n${String(test.error).replace(/^/gm, '    ')}`);
    if (shown.length === 0) shown.push(`the test runner ended with ${code}\n${tail(output, 60)}`);
    return { passed, failed: Math.max(1, failures.length), output, shown: shown.join('\n') };
  },
});

/** Both VS Codes; its own driver prints and counts the tests. */
const editor = {
  name: 'editor',
  async run() {
    const { packageFile } = await import('./lib/vsix.mjs');
    const packed = packageFile(ownTarget());
    const args = ['scripts/test-editor.mjs', '--no-build', ...(existsSync(packed) ? ['--vsix', packed] : [])];
    const { code, output } = await capture(...node(...args), { cwd: root, timeoutMs: 7_200_000 });
    const [, passed = '0', failed = '0'] = /(\d+) passed, (\d+) failed\s*$/.exec(output) ?? [];
    const counts = { passed: Number(passed), failed: Number(failed) };
    if (code !== 0) counts.failed = Math.max(1, counts.failed);
    return { ...counts, output, shown: counts.failed > 0 ? tail(output, 300) : notes(output) };
  },
};

const notes = (output) => output.split('\n').filter((line) => /^(▶|ℹ)/.test(line)).join('\n'); // prettier-ignore

/** In order. Those of one line run at the same time, two at once: none of them looks at the clock. */
const STAGES = [
  [
    check('format', node(bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.')),
    check('lint', node(bin('eslint/bin/eslint.js'), '.', '--max-warnings', '0')),
    check(
      'types',
      node(bin('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json'),
      node(bin('typescript/bin/tsc'), '--noEmit', '-p', 'media/webviews/tsconfig.json'),
    ),
    check(
      'layers',
      node(
        bin('dependency-cruiser/bin/dependency-cruise.mjs'),
        '--config',
        '.dependency-cruiser.cjs',
        'extension',
        'server',
        'media',
        'tests',
      ),
    ),
    check('unused', node(bin('knip/bin/knip.js'), '--no-progress'), node('scripts/copies.mjs')),
    check('docs', node('scripts/docs.mjs', '--check'), node('scripts/docs-site.mjs')),
    check('host', node('scripts/vscode-host.mjs')),
    check('peers', node('scripts/peers.mjs')),
    check('dvc', node('scripts/peers.mjs', 'dvc', '--optional')),
    check('debugpy', node('scripts/peers.mjs', 'debugpy', '--optional')),
    check(
      'mlflow-client',
      ...['mlflow', 'mlflow-2', 'mlflow-server'].map((set) => node('scripts/peers.mjs', set, '--optional')),
    ),
  ],
  [check('build', node('scripts/build.mjs'))],
  [suite('unit')],
  [suite('language')],
  [suite('runner')],
  [suite('slurm')],
  [suite('windows')],
  [suite('faults')],
  [suite('security')],
  [suite('mlflow')],
  [check('demo', node('scripts/demo.mjs'))],
  [check('package', node('scripts/package.mjs', '--twice'))],
  [editor],
];

const { values } = parseArgs({ options: { only: { type: 'string' }, list: { type: 'boolean' } } });
const names = STAGES.flat().map(({ name }) => name);
if (values.list) {
  console.log(names.join('\n'));
  process.exit(0);
}
const only = values.only?.split(',');
const unknown = only?.filter((name) => !names.includes(name)) ?? [];
if (unknown.length > 0) {
  console.error(`no stage ${unknown.join(', ')}; there is ${names.join(', ')}`);
  process.exit(2);
}

mkdirSync(logs, { recursive: true });
const rows = [];
const started = performance.now();
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** Processor time of all that has been started and has ended, in ms; nothing where the system doesn't tell. */
function processorTime() {
  try {
    // Of proc_pid_stat(5), after the name: `cutime` and `cstime`, in hundredths of a second.
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[13]) + Number(fields[14])) * 10;
  } catch {
    return undefined;
  }
}

/** @param alone whether nothing runs beside it, so that its processor time can be told */
async function runStage(stage, alone) {
  const begun = performance.now();
  const used = alone ? processorTime() : undefined;
  let result;
  try {
    result = await stage.run();
  } catch (error) {
    result = { passed: 0, failed: 1, output: '', shown: String(error.stack ?? error) };
  }
  const { passed, failed, output, shown } = result;
  const ms = performance.now() - begun;
  writeFileSync(path.join(logs, `${stage.name}.log`), output);
  console.log(`${failed > 0 ? '✖' : '✔'} ${stage.name}: ${passed} passed, ${failed} failed (${seconds(ms)})`);
  if (shown) console.log(shown.replace(/^/gm, '    '));
  rows.push({
    name: stage.name,
    passed,
    failed,
    ms,
    cpu: used === undefined ? undefined : processorTime() - used,
  });
}

/** Runs stages, `width` of them at a time. */
async function runTogether(stages, width) {
  const queue = [...stages];
  const worker = async () => {
    for (let stage = queue.shift(); stage; stage = queue.shift()) await runStage(stage, stages.length === 1);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

for (const line of STAGES)
  await runTogether(
    line.filter(({ name }) => !only || only.includes(name)),
    2,
  );

const passed = rows.reduce((sum, row) => sum + row.passed, 0);
const failed = rows.reduce((sum, row) => sum + row.failed, 0);
console.log(
  `\n${'stage'.padEnd(10)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'time'.padStart(10)}${'cpu'.padStart(10)}`,
);
for (const row of rows) {
  const [good, bad] = [String(row.passed).padStart(8), String(row.failed).padStart(8)];
  const cpu = row.cpu === undefined ? '' : seconds(row.cpu).padStart(10);
  console.log(`${row.name.padEnd(10)}${good}${bad}${seconds(row.ms).padStart(10)}${cpu}`);
}
console.log(`${'all'.padEnd(10)}${''.padStart(16)}${seconds(performance.now() - started).padStart(10)}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
