// `npm run demo`: takes the example through its life, on a fresh clone: it is linted, planned, run, run again, shown;
// versions of its model are made, compared, put into production and taken back; its app is packaged, deployed, asked and
// watched; and it is broken. Ends with 0 only if each of these did what it should. Works in a copy, so the clone stays as it
// is, and stops every service that it started, whatever happens.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Story, heading, parse } from './lib/demo.mjs';
import {
  brokenReleases,
  choosePorts,
  deploy,
  driftOfInputs,
  nothingIsLeft,
  packageTheApp,
  stopServices,
} from './lib/demo-serving.mjs';
import { ensureInstalled, root } from './lib/prepare.mjs';

ensureInstalled();

const temporary = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'modelyard-demo-')));
const folder = path.join(temporary, 'rain');
const started = performance.now();
const story = new Story(folder);
const { failures } = story;
const expect = story.expect.bind(story);
const modelyard = story.modelyard.bind(story);
const json = story.json.bind(story);

/** Statuses of the tasks of a run, by task. */
function statuses(events) {
  return new Map(events.filter(({ type }) => type === 'task-ended').map(({ id, status }) => [id, status]));
}

async function demo() {
  heading('Build');
  const { build } = await import('./build.mjs');
  await build();
  console.log(`built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  cpSync(path.join(root, 'examples/rain'), folder, {
    recursive: true,
    filter: (file) => !/[\\/](\.modelyard|models|reports|__pycache__)$|(labels|training)\.csv$/.test(file),
  });
  choosePorts(story);

  heading('Features: compute the view, twice');
  const computed = await modelyard(['features', 'materialize']);
  expect(
    /weather was computed: version 1, 1464 rows/.test(computed.stdout),
    'a first version, three corrections included',
  );
  const unchanged = await modelyard(['features', 'materialize']);
  expect(/weather is up to date: version 1/.test(unchanged.stdout), 'nothing changed, so nothing was done');
  const profile = await modelyard(['features', 'profile', 'weather']);
  expect(/high +DOUBLE .*▁?[▁-█ ]+/.test(profile.stdout), 'and how each feature is spread');

  heading('Lint: is the definition right?');
  const lint = await modelyard(['lint']);
  expect(lint.code === 0, 'nothing to complain about');

  heading('Plan: what would run, and why?');
  await modelyard(['plan', 'rain-train']);
  const planned = parse((await modelyard(['plan', 'rain-train', '--json'], { quiet: true })).stdout);
  const tasks = planned[0]?.tasks ?? [];
  expect(
    tasks.length > 0 && tasks.every(({ id, decision }) => decision === 'run' || id === 'weather'),
    'everything, for it never ran',
  );

  heading('Run: will it rain in Seattle tomorrow?');
  const first = await modelyard(['run', 'rain-train']);
  expect(first.code === 0, 'the run succeeded');

  heading('Run it again: nothing changed, so nothing should run');
  const again = await modelyard(['run', 'rain-train', '--json'], { quiet: true });
  const second = statuses(parse(again.stdout));
  for (const [id, status] of second) console.log(`  ${id.padEnd(14)} ${status}`);
  const allCached =
    second.size === tasks.length && [...second.values()].every((status) => status === 'cached');
  expect(again.code === 0 && allCached, `all ${second.size} tasks came from the cache`);

  heading('Change a param: what is stale now, and why?');
  const changed = await modelyard(['plan', 'rain-train', '--param', 'epochs=50']);
  expect(/train .*epochs/.test(changed.stdout), 'the plan names the param that changed');

  heading('Show the run: params, metrics, artifacts');
  await modelyard(['runs', 'show']);
  const [run] = parse((await modelyard(['runs', 'show', '--json'], { quiet: true })).stdout);
  const task = (name) => run?.tasks.find(({ id }) => id === name);
  const {
    accuracy,
    majority_accuracy: majority,
    persistence_accuracy: same,
  } = task('evaluate')?.metrics ?? {};
  expect(
    accuracy > majority && accuracy > same,
    `accuracy ${accuracy} on a year it has never seen, above ${same} and ${majority}`,
  );
  expect(
    task('train')?.outputs.some(({ kind }) => kind === 'model') === true,
    'the model is an artifact of the run',
  );
  expect(task('report')?.outputs.some(({ kind }) => kind === 'report') === true, 'so is the report');

  heading('What came late is not learned from');
  const known = readFileSync(path.join(folder, 'data/training.csv'), 'utf8').split('\n');
  const names = known[0].split(',');
  const row = known.find((line) => line.startsWith('seattle,2013-06-14')).split(',');
  expect(row[names.indexOf('wet_today')] === '0', 'on 14 June 2013 nobody knew yet that it had rained');

  await clientOfMlflow();
  await firstVersion();
  await packageTheApp(story);
  await deploy(story);
  await registry();
  await brokenReleases(story);
  await driftOfInputs(story);

  heading('Break a copy: what does a mistake look like?');
  const source = readFileSync(path.join(folder, 'pipelines/train.pipeline.yaml'), 'utf8');
  const broken = source
    .replace('name: rain-train', 'name: rain-broken')
    .replace('params.epochs', 'params.epocs')
    .replace('timeout: 5m', 'timeuot: 5m')
    .replace('needs: [data-quality]', 'needs: [quality, data-quality]');
  const file = 'pipelines/broken.pipeline.yaml';
  writeFileSync(path.join(folder, file), broken);
  const found = await modelyard(['lint', file]);
  expect(found.code === 1, 'lint ends with 1');
  for (const [rule, words] of [
    ['reference/unknown-param', /epocs.*[Dd]id you mean.*epochs/],
    ['schema/unknown-key', /timeuot.*[Dd]id you mean.*timeout/],
    ['graph/cycle', /train → evaluate → quality → train/],
  ]) {
    const line = found.stdout.split('\n').find((one) => one.includes(`[${rule}]`)) ?? '';
    expect(line.startsWith(`${file}:`) && words.test(line), `${rule}: where it is, and the way out`);
  }
  const refused = await modelyard(['run', 'rain-broken']);
  expect(refused.code === 2, 'and it does not run (exit code 2)');
}

/** Where the real MLflow client is: in the environment of the example, or in that of the tests. */
async function clientOfMlflow() {
  const tests = path.join(
    root,
    '.venv/mlflow',
    process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python',
  );
  const python = ['python3', tests].find((one) => spawnSync(one, ['-c', 'import mlflow']).status === 0);
  if (python === undefined) return;
  heading('A script that logs by MLflow, and no server');
  const more = python === tests ? { MODELYARD_PYTHON: tests } : {};
  const run = await modelyard(['run', 'rain-mlflow'], { more });
  expect(run.code === 0 && run.stdout.includes('told MLflow'), 'its client has logged');
  const [logged] = (await json('runs', 'list', '--source', 'tracking'))?.runs ?? [];
  expect(
    logged?.params.learner === 'logistic-regression' && logged.metrics['mlflow.validation_accuracy'] > 0.7,
    'params and metrics are in its run, which is part of the task',
  );
}

async function firstVersion() {
  heading('The registry: the run has made a version of the model');
  await modelyard(['models', 'show', 'rain@candidate']);
  const one = await json('models', 'show', 'rain@candidate');
  expect(one?.version === '1' && one.params.epochs === 300, 'rain 1 is the candidate, and knows its params');
  expect(
    one?.signature?.source === 'training-set' &&
      one.signature.inputs.length === 21 &&
      one.features.service === 'rain-v1',
    'its signature is that of its training set: 21 features of rain-v1',
  );
}

async function registry() {
  heading('The name follows: rain 1 is in production');
  const moved = await modelyard([
    'models',
    'alias',
    'rain@1',
    'production',
    '--reason',
    'deployed and watched',
  ]);
  expect(/production: none → 1/.test(moved.stdout), 'a person gives it the alias `production`');

  heading('Other params, another version');
  const other = await modelyard(['run', 'rain-train', '--param', 'l2=0.1']);
  expect(/made version 2 of rain \(candidate: 1 → 2\)/.test(other.stdout), 'rain 2 is the candidate now');
  const worse = await modelyard(['run', 'rain-train', '--param', 'epochs=50'], { quiet: true });
  const why = worse.stdout.split('\n').find((line) => line.includes('no version of rain was made')) ?? '';
  console.log(why);
  expect(
    worse.code === 1 && /accuracy .* more than 0.01 below production \(rain 1\)/.test(why),
    'one that is clearly worse than production is refused, and told why',
  );

  heading('Compare the two');
  const compared = await modelyard(['models', 'compare', 'rain@production', 'rain@candidate']);
  expect(/l2 +0\.01 +0\.1/.test(compared.stdout), 'the param that differs');
  expect(/accuracy +0\.\d+ +0\.\d+ +[-+]0\.\d+/.test(compared.stdout), 'and what it does to the metrics');

  heading('Move production, and roll it back');
  await modelyard([
    'models',
    'alias',
    'rain@candidate',
    'production',
    '--reason',
    'its probabilities are better',
  ]);
  expect((await json('models', 'show', 'rain@production'))?.version === '2', 'production is rain 2');
  await modelyard(['models', 'rollback', 'rain', 'production', '--reason', 'it is right on fewer days']);
  expect((await json('models', 'show', 'rain@production'))?.version === '1', 'and rain 1 again, in one step');

  heading('Who moved what, when, and why?');
  const history = await modelyard(['models', 'history', 'rain', '--alias', 'production']);
  expect(
    [
      'rolled back from version 2 to 1 — it is',
      'moved from version 1 to 2 — its',
      'set to version 1 — deployed',
    ].every((words) => history.stdout.includes(words)),
    'the history has every move, with its reason',
  );

  heading('What does production stand on?');
  const lineage = await modelyard(['models', 'lineage', 'rain@production']);
  expect(
    lineage.stdout.includes('data/seattle-weather.csv') && lineage.stdout.includes('models/rain.json'),
    'the data, the run and the artifact',
  );
  const weather = ['models', 'lineage', 'data/seattle-weather.csv'];
  console.log(`$ modelyard ${weather.join(' ')}`);
  const used = await modelyard(weather, { quiet: true });
  console.log(`…\n${used.stdout.trimEnd().split('\n').slice(-2).join('\n')}`);
  expect(
    /rain 1/.test(used.stdout) && /rain 2/.test(used.stdout),
    'and what used this file of data: both versions',
  );
}

/** Ctrl-C ends the process while something is waited for: no `finally` runs then. */
function tidy() {
  const { stopped } = stopServices(story);
  if (stopped.length > 0) console.log(`stopped ${stopped.join(' and ')}; nothing is left running`);
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
}

process.once('exit', tidy);
try {
  await demo();
} catch (error) {
  console.error(error);
  failures.push(String(error.message));
}
try {
  await nothingIsLeft(story);
} catch (error) {
  console.error(error);
  failures.push(String(error.message));
}
console.log(
  `\n${failures.length === 0 ? 'Everything did what it should' : `${failures.length} steps went wrong`}, in ${((performance.now() - started) / 1000).toFixed(1)} s.`,
);
if (failures.length === 0) console.log('Look at it in VS Code with `npm start`.');
process.exitCode = failures.length === 0 ? 0 : 1;
