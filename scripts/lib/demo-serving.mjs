// The second half of the demo: the app is packaged, deployed, put into service and watched; broken releases; drift.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cli, heading, until } from './demo.mjs';
import { Traffic, ask, pastDays } from './demo-traffic.mjs';

const STAGING = 'staging/rain';
const PRODUCTION = 'production/rain';

/** A hundred ports of their own, where no system hands out any: two demos at once don't meet. */
export function choosePorts({ folder }) {
  const file = path.join(folder, 'modelyard.yaml');
  const from = 10_000 + 100 * Math.floor(Math.random() * 90);
  const text = readFileSync(file, 'utf8');
  const chosen = text.replace(/ports: \{.*?\}/, `ports: { from: ${from}, to: ${from + 99} }`);
  if (chosen === text) throw new Error('modelyard.yaml names no ports any more');
  writeFileSync(file, chosen);
}

async function service(story, name) {
  return story.json('service', 'status', name);
}

export async function packageTheApp(story) {
  heading('The app: test it, and put it into a package');
  await story.modelyard(['run', 'rain-app']);
  const app = await story.json('packages', 'show', 'rain-app@1');
  const files = app?.manifest.files.map((file) => file.path).join(' ');
  story.expect(
    files === 'app/online.py app/serve.py src/model.py',
    'rain-app 1 holds what it needs to run, and no tests',
  );
  const again = await story.modelyard(['run', 'rain-app', '--force'], { quiet: true });
  story.expect(/is already version 1/.test(again.stdout), 'the same files are the same version');
}

export async function deploy(story) {
  heading('Deploy: nothing moves before a person has looked');
  const asked = await story.modelyard(['run', 'rain-deploy']);
  story.expect(asked.code === 3, 'the run waits for an approval, and nothing runs meanwhile (exit code 3)');

  heading('Somebody looks, and says yes: staging, watched under traffic');
  await story.modelyard(['approvals']);
  const yes = ['approve', '--comment', 'better than saying the same as today', '--resume'];
  const staged = await story.modelyard(yes);
  story.expect(
    staged.code === 3 && /watch-staging\] ✓ .* requests/.test(staged.stdout),
    'staging passed its gate, and production asks once more',
  );

  heading('Yes again: production');
  const done = await story.modelyard(['approve', '--comment', 'staging looks fine', '--resume']);
  story.expect(done.code === 0, 'the run goes on where it was, and ends');
  await story.modelyard(['service', 'list']);
  const { url, current } = await service(story, PRODUCTION);
  story.expect(
    current.package.version === '1' && current.model.version === '1',
    'production serves rain-app 1 with rain 1',
  );

  heading('Will it rain? Real requests');
  const { days } = pastDays(story.folder);
  const day = days.at(-1);
  const answer = await ask(`${url}/predict`, { body: day.features });
  console.log(`POST ${url}/predict  (the weather of ${day.at.slice(0, 10)})\n${answer.text}`);
  const known = await ask(`${url}/predict?station=seattle&at=2016-01-01T08:00:00Z`);
  console.log(`GET  ${url}/predict?station=seattle&at=2016-01-01T08:00:00Z\n${known.text}`);
  const [one, other] = [answer, known].map(({ text }) => JSON.parse(text).probability);
  story.expect(one > 0 && one < 1, 'a forecast for a day that we send');
  story.expect(
    known.status === 200 && other > 0 && other < 1,
    'and one for a station, by the latest values of the feature store',
  );
}

/** Changes a file of the app, and makes a package of it. */
async function changeTheApp(story, from, to) {
  const file = path.join(story.folder, 'app/serve.py');
  const text = readFileSync(file, 'utf8');
  if (!text.includes(from)) throw new Error(`app/serve.py has no "${from}" any more`);
  writeFileSync(file, text.replace(from, to));
  console.log(`app/serve.py  + ${to.slice(from.length).trim()}`);
  const made = await story.modelyard(['run', 'rain-app'], { quiet: true });
  console.log(made.stdout.split('\n').find((line) => line.includes('made version')) ?? made.stdout);
  return () => writeFileSync(file, text);
}

/** Deploys to staging under traffic; gives the run, the traffic, and the service before and after. */
async function deployBroken(story, comment) {
  const before = await service(story, STAGING);
  const traffic = new Traffic(before.url, pastDays(story.folder).days);
  try {
    await story.modelyard(['run', 'rain-deploy'], { quiet: true });
    const run = await story.modelyard(['approve', '--comment', comment, '--resume']);
    return { run, traffic, before, after: await service(story, STAGING) };
  } finally {
    await traffic.stop();
  }
}

export async function brokenReleases(story) {
  heading('A broken release: a file that is on our disk, and not in the package');
  let mend = await changeTheApp(story, 'def main():\n', 'def main():\n    open("tuning.json").close()\n');
  const broken = await deployBroken(story, 'what could go wrong');
  mend();
  story.expect(
    broken.run.code === 1 && /got no traffic: .*tuning\.json/s.test(broken.run.output),
    'it never became healthy, so it got no traffic; the reason is in its own words',
  );
  const { asked, failed, releases } = broken.traffic;
  story.expect(
    failed.length === 0 && releases.size === 1 && releases.has(broken.before.current.id),
    `all ${asked} requests meanwhile were answered, each by the old release`,
  );

  heading('Another one: it starts, is healthy, and can’t stand colder days');
  const line = '        probability = self.model.predict(row)\n';
  mend = await changeTheApp(story, line, `${line}        assert row.get("high_change", 0) >= -2\n`);
  const cold = await deployBroken(story, 'the tests pass');
  mend();
  story.expect(
    cold.run.code === 1 && /error-rate < 1%: .*rolled back/.test(cold.run.output),
    'under traffic its errors were seen by the gate, which went back by itself',
  );
  story.expect(
    cold.traffic.releases.size === 2 && cold.after.current.id === cold.before.current.id,
    'staging is served by the release before, without anybody’s doing',
  );
  heading('What happened to staging, and why?');
  const history = await story.modelyard(['service', 'history', STAGING, '--limit', '6']);
  story.expect(
    /refused .*tuning\.json/.test(history.stdout) && /rolled back .*error-rate/.test(history.stdout),
    'the history has both, with their reasons',
  );
  const { current } = await service(story, PRODUCTION);
  story.expect(current.package.version === '1', 'production never saw either of them');
}

/** How the rule on drift stands, once it stands somehow. */
function drift(story, state) {
  return until(`drift.high ${state}`, async () => {
    const { services } = await story.json('service', 'alerts', PRODUCTION);
    const [{ alerts }] = services;
    return alerts.find(({ rule, state: now }) => rule.startsWith('drift.high') && now === state);
  });
}

export async function driftOfInputs(story) {
  heading('Drift: production is told to expect January');
  const { head, days } = pastDays(story.folder);
  const [january, july] = [1, 7].map((month) => days.filter((day) => day.month === month));
  writeFileSync(
    path.join(story.folder, 'data/january.csv'),
    [head, ...january.map(({ line }) => line), ''].join('\n'),
  );
  const { url } = await service(story, PRODUCTION);
  const only = ['--only', 'watch-production', '--param', 'expected=data/january.csv'];
  await story.modelyard(['run', 'rain-deploy', ...only]);
  const send = (month) => ask(`${url}/predict`, { body: month.map(({ features }) => features) });
  await send(january);
  story.expect((await drift(story, 'holds')).firing === false, `${january.length} days of January: no alert`);
  await send(july);
  const alert = await drift(story, 'broken');
  await story.modelyard(['service', 'alerts', PRODUCTION]);
  story.expect(alert.firing, `${july.length} days of July: the alert is raised`);
}

/** Every service of the copy, stopped. Waits for it, so that it can be called while the process ends. */
export function stopServices({ folder }) {
  const run = (...args) => spawnSync(process.execPath, [cli, 'service', ...args], { cwd: folder });
  const list = () => JSON.parse(String(run('list', '--json').stdout) || '{}').services ?? [];
  const runs = list().filter(({ hosted, status }) => hosted || status === 'lost');
  const pids = runs.flatMap(({ owner, current, candidate }) =>
    [owner, ...(current?.replicas ?? []), ...(candidate?.replicas ?? [])].flatMap((one) => one?.pid ?? []),
  );
  for (const { environment, name } of runs) run('stop', `${environment}/${name}`);
  return { stopped: runs.map(({ environment, name }) => `${environment}/${name}`), pids };
}

export async function nothingIsLeft(story) {
  heading('Stop what was started');
  const { stopped, pids } = stopServices(story);
  if (stopped.length > 0) console.log(`stopped ${stopped.join(' and ')}`);
  await until('the processes end', () => pids.every((pid) => !isAlive(pid)));
  const left = stopServices(story).stopped;
  story.expect(left.length === 0, `nothing is left running (${pids.length} processes have ended)`);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
