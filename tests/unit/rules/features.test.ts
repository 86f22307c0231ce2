/** Cases of the feature rules that are too special for a page, and what they have to keep silent about. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { memoryProject } from '../../support/project.js';

const VIEW = (name: string, features: string, more = '') =>
  `  ${name}:\n    entity: station\n    source: { path: x.csv, timestamp: t }\n    features: ${features}\n${more}`;
const HEAD = 'entities:\n  station: { keys: [id] }\nviews:\n';
const BASE = `${HEAD}${VIEW('weather', '{ rain: double }')}services:\n  rain-v1: [weather]\n`;

/** Findings of the feature rules in the first file, as `rule text`. */
function check(title: string, files: Readonly<Record<string, string>>, expected: readonly string[]): void {
  test(title, () => {
    const [[path, text] = ['', '']] = Object.entries(files);
    const findings = memoryProject(files)
      .findings(path)
      .filter(({ rule }) => rule.startsWith('feature/'));
    assert.deepEqual(
      findings.map(({ rule, span }) => `${rule} ${text.slice(span.start, span.end)}`),
      expected,
    );
  });
}

const training = (settings: string) =>
  `params: { s: rain-v1 }\ntasks:\n  join:\n    training-set: { labels: l.csv, output: o.csv, ${settings} }\n`;

check(
  'names that expressions give',
  { 'p.pipeline.yaml': training('service: "${{ params.s }}"'), 'f.features.yaml': BASE },
  [],
);
check(
  'names in lists beside expressions',
  {
    'p.pipeline.yaml': training('features: ["${{ params.s }}", nothing]'),
    'f.features.yaml': BASE,
  },
  ['feature/unknown-view nothing'],
);
check(
  'what may stand in a broken file',
  {
    'p.pipeline.yaml': training('service: rain-v2'),
    'f.features.yaml': `${BASE}  broken: [\n`,
  },
  [],
);
check('no features file at all', { 'p.pipeline.yaml': training('service: rain-v2') }, [
  'feature/unknown-service rain-v2',
]);
check('a service that is not written yet', { 'p.pipeline.yaml': training('service: ""') }, []);
check(
  'materialize in each of its forms',
  {
    'p.pipeline.yaml':
      'tasks:\n  a: { materialize: x1 }\n  b: { materialize: [x2, weather] }\n  c: { materialize: { views: x3 } }\n  d: { materialize: { views: [x4] } }\n',
    'f.features.yaml': BASE,
  },
  ['x1', 'x2', 'x3', 'x4'].map((name) => `feature/unknown-view ${name}`),
);
check(
  'a package and its features',
  {
    'p.pipeline.yaml':
      'tasks:\n  a: { package: { name: a, include: [a], entrypoint: a, feature-service: nope } }\n',
    'f.features.yaml': BASE,
  },
  ['feature/unknown-service nope'],
);

check(
  'nothing uses anything yet',
  { 'f.features.yaml': `${HEAD}${VIEW('weather', '{ rain: double }')}` },
  [],
);
check(
  'a view that is only materialized has its features in use',
  {
    'f.features.yaml': `${HEAD}${VIEW('weather', '{ rain: double }')}${VIEW('soil', '{ ph: double }')}`,
    'p.pipeline.yaml': 'tasks:\n  a: { materialize: [weather] }\n',
  },
  ['feature/unused soil'],
);
check(
  'an expression may use any of them',
  {
    'f.features.yaml': `${BASE}  rain-v2: [weather]\n`,
    'p.pipeline.yaml': `${training('service: rain-v1')}  again:\n    training-set: { labels: l.csv, output: p.csv, service: "\${{ params.s }}" }\n`,
  },
  [],
);
check('services count as used while no pipeline uses one', { 'f.features.yaml': BASE }, []);

check(
  'columns of one name, from a service and from a list',
  {
    'p.pipeline.yaml': training('service: rain-v1, features: ["soil:rain", "weather:rain"]'),
    'f.features.yaml': `${HEAD}${VIEW('weather', '{ rain: double }')}${VIEW('soil', '{ rain: double }')}services:\n  rain-v1: [weather]\n`,
  },
  ['feature/duplicate "soil:rain"'],
);
check(
  'services of one name in two files',
  {
    'a.features.yaml': 'services:\n  s: []\n',
    'b.features.yaml': 'services:\n  s: []\n',
  },
  ['feature/duplicate s'],
);
check(
  'a list that names a view twice',
  {
    'p.pipeline.yaml': 'tasks:\n  a: { materialize: [weather, weather] }\n',
    'f.features.yaml': BASE,
  },
  ['feature/duplicate weather'],
);

check(
  'a source that is no map, and a timestamp without a value',
  {
    'f.features.yaml':
      'entities: { s: { keys: [a] } }\nviews:\n  v: { entity: s, source: x.csv, features: { a1: double } }\n  w: { entity: s, source: { path: x.csv, timestamp: }, features: { b: double } }\n',
  },
  [],
);
