/** What deployments name: cases beside the rules' examples, and what they have to keep silent about. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { memoryProject, type MemoryOptions } from '../../support/project.js';

const PATH = 'p.pipeline.yaml';

/** The findings about serving of one file. */
function check(
  title: string,
  tasks: string,
  expected: readonly string[],
  options: MemoryOptions = {},
  others: Readonly<Record<string, string>> = {},
): void {
  test(title, () => {
    const text = `params: { n: x }\ntasks:\n${tasks}`;
    const settings = { 'modelyard.yaml': 'environments: { staging: {}, production: {} }\n' };
    const project = memoryProject({ [PATH]: text, ...settings, ...others }, options);
    const findings = project
      .findings(PATH)
      .filter(({ rule }) =>
        /^(?:package|deploy|monitor|approval)\/|^reference\/unknown-(?:environment|package|service)$/.test(
          rule,
        ),
      );
    assert.deepEqual(
      findings.map(({ rule, span }) => `${rule} ${text.slice(span.start, span.end)}`),
      expected,
    );
  });
}

const pack = (more: string) => `  pack:\n    package: { name: app, ${more} }\n`;
const run = 'entrypoint: python3 app/serve.py';
const disk = { disk: ['app/serve.py'] };

check('nothing is known of the disk', pack(`include: [nowhere], ${run}`), []);
check('nothing is known of the disk, and the glob fits', pack(`include: ["app/*"], ${run}`), []);
check(
  'what a task of another pipeline makes',
  pack(`include: ["dist/**"], entrypoint: node dist/main.js`),
  [],
  disk,
  {
    'q.pipeline.yaml': 'tasks: { b: { run: npm run build, outputs: { site: dist } } }\n',
  },
);
check('an include that an expression gives', pack(`include: ["\${{ params.n }}/**"], ${run}`), [], disk);
check(
  'an entrypoint that an expression gives',
  pack('include: [app], entrypoint: "python3 ${{ params.n }}.py"'),
  [],
  disk,
);
check(
  'a command of the machine',
  pack('include: [app], entrypoint: uvicorn app.serve:app --port $PORT'),
  [],
  disk,
);
check('a script behind cd', pack('include: [app], entrypoint: cd app && python3 serve.py'), [], disk);
check(
  'what setup may make',
  pack('include: [app], setup: npm run build, entrypoint: node dist/main.js'),
  [],
  disk,
);
check('an absolute path', pack('include: [app], entrypoint: /usr/bin/env.sh app/serve.py'), [], disk);
check(
  'what exclude takes out',
  pack(`include: [app], exclude: ["**/serve.py"], ${run}`),
  ['package/entrypoint-missing app/serve.py'],
  disk,
);
check(
  'requirements go in by themselves',
  pack('include: [app], requirements: run.py, entrypoint: python3 run.py'),
  [],
  {
    disk: ['app/x', 'run.py'],
  },
);
check('secrets nobody can see', pack(`include: [app], ${run}`), [], disk);
check('one of several globs is enough', pack(`include: ["app/**", "assets/**"], ${run}`), [], disk);
check('secrets that are excluded by a folder', pack(`include: [app], exclude: [app/keys], ${run}`), [], {
  disk: ['app/serve.py', 'app/keys/id_rsa'],
});

const SETTINGS = {
  'modelyard.yaml':
    'environments: { staging: {}, production: { target: big } }\ntargets: { big: { type: local } }\n',
};
const deploy = (environment: string, more = '') =>
  `  d-${environment.replace(/\W/g, '')}:\n    deploy: { package: app, environment: ${environment}${more} }\n`;
check(
  'environments',
  deploy('staging') + deploy('stage'),
  ['reference/unknown-environment stage'],
  {},
  SETTINGS,
);
check('an environment that an expression gives', deploy('"${{ params.n }}"'), [], {}, SETTINGS);
check(
  'settings that are broken',
  deploy('stage'),
  [],
  {},
  { 'modelyard.yaml': 'environments: { staging: {}\n  x: [' },
);
check('targets', deploy('staging', ', target: bigg'), ['reference/unknown-environment bigg'], {}, SETTINGS);

const service = (name: string, more: string) =>
  `  s-${name}:\n    service: { name: ${name}, health: /h, ${more} }\n`;
check(
  'ports on two targets',
  service('a', 'environment: staging, port: 80') + service('b', 'environment: production, port: 80'),
  [],
  {},
  SETTINGS,
);
check(
  'ports on one target',
  service('a', 'environment: staging, port: 80') + service('b', 'environment: staging, port: 80'),
  ['deploy/port-conflict 80', 'deploy/port-conflict 80'],
  {},
  SETTINGS,
);
check(
  'ports on two addresses',
  service('a', 'environment: staging, port: 80, host: 127.0.0.2') +
    service('b', 'environment: staging, port: 80'),
  [],
);
check(
  'a port that an expression gives',
  service('a', 'environment: staging, port: "${{ params.n }}"') +
    service('b', 'environment: staging, port: 80'),
  [],
);
check('an environment that is not known', service('a', 'port: 80') + service('b', 'port: 80'), []);

const app = (more: string) => `  pack:\n    package: { name: app, include: [app], ${run}${more} }\n`;
const start = (more = '') => `  start:\n    service: { name: rain, environment: staging, port: 80${more} }\n`;
check('a probe of a release that is given', app('') + deploy('staging') + start(', release: r1'), [], disk);
check(
  'a probe of another version',
  `${app('')}  d:\n    deploy: { package: app@2, environment: staging }\n${start()}`,
  [],
  disk,
);
check('a probe of a package nobody makes', deploy('staging') + start(), []);
check('readiness alone is enough', app(', health: { ready: /r }') + deploy('staging') + start(), [], disk);

const watch = (rules: string, more = '') =>
  `  watch:\n    monitor: { service: rain, rules: [${rules}]${more} }\n`;
const served = app(', health: /h, feature-service: rain-v1') + deploy('staging') + start();
const FEATURES = {
  'w.features.yaml':
    'entities: { s: { keys: [id] } }\nviews:\n  weather:\n    entity: s\n    source: { path: a.csv, timestamp: t }\n    features: { rain_7d: double }\nservices: { rain-v1: [weather] }\n',
};
check(
  'features of a feature service',
  served + watch('drift.rain_7d < 1, drift.wind < 1'),
  ['monitor/unknown-feature wind'],
  disk,
  FEATURES,
);
check('a feature service that is not there', served + watch('drift.wind < 1'), [], disk);
check('a service that nobody starts', watch('drift.wind < 1'), []);
check('a service whose deployment is elsewhere', start(', health: /h') + watch('drift.wind < 1'), []);
check('a rule that holds an expression', watch('"p95 < ${{ params.n }}"'), []);
check('approval by anybody', '  ask:\n    approval: { prompt: x, who: any, count: 5 }\n', []);
check(
  'approval by whom an expression names',
  '  ask:\n    approval: { prompt: x, who: ["${{ params.n }}"], count: 2 }\n',
  [],
);
check('an approval that is half-written', '  ask:\n    approval: { prompt: x, who: }\n', []);
