/** The action that watches a service: `monitor`. */
import { Type } from '@sinclair/typebox';
import { key, oneOf, opt } from '../hint.js';
import { closed, duration, listOrOne, path, reference, template } from '../pieces.js';

const alertRule = Type.Union([
  template('action', { expects: 'a rule such as p95 < 200ms' }),
  closed(
    {
      rule: key(
        template('action', { expects: 'a rule such as p95 < 200ms' }),
        'What has to hold: a measure, a comparison and a bound. Measures: `p50 p95 p99 rate error-rate availability restarts memory`, and of a feature `drift.<feature> ks.<feature> js.<feature> nulls.<feature> missing.<feature>`.',
        ['p95 < 200ms', 'drift.rain_7d < 0.2'],
      ),
      over: opt(duration, 'The window that is looked at.', ['5m'], { default: '1m' }),
      severity: opt(
        oneOf(['warning', 'error']),
        'Whether a breach is only told, or also fails the task.',
        ['warning'],
        {
          default: 'error',
        },
      ),
      message: opt(template('action', { prose: true }), 'What is said when it is broken.', [
        'Answers are slow.',
      ]),
    },
    { title: 'Alert rule' },
  ),
]);

export const monitorAction = closed(
  {
    service: key(reference('service', 'action'), 'The service that is watched.', ['rain']),
    environment: opt(
      reference('environment', 'action'),
      'The environment it runs in, where the name alone does not tell.',
      ['production'],
    ),
    for: opt(duration, 'Watch so long, then the task is done. Absent: the rules are set and stay.', ['2m']),
    rules: key(listOrOne(alertRule), 'What has to hold while it is watched.', [
      ['p95 < 200ms', { rule: 'error-rate < 1%', over: '5m' }],
    ]),
    'min-requests': opt(
      Type.Integer({ minimum: 0 }),
      'With fewer requests than this nothing can be said: the task fails instead of passing unseen.',
      [100],
      { default: 0 },
    ),
    requests: opt(
      oneOf(['canary', 'all']),
      'Whose requests the rules are held against while the task watches: those of the canary alone, or of the whole service. Availability, restarts and memory are always of the whole. Default: the canary where one has a share of the traffic, else all.',
      ['canary'],
    ),
    drift: opt(
      closed(
        {
          against: opt(
            path('action'),
            'The data that inputs are compared with. Default: the training set of the model version.',
            ['data/training.parquet'],
          ),
          features: opt(listOrOne(template('action')), 'Only these inputs. Default: all.', [['rain_7d']]),
          sample: opt(
            Type.Number({ minimum: 0, maximum: 1 }),
            'The share of requests that is kept for it.',
            [0.1],
            {
              default: 0.1,
            },
          ),
          redact: opt(listOrOne(Type.String()), 'Fields of requests that are never kept.', [['email']]),
        },
        { title: 'Drift' },
      ),
      'Compares the requests with the data the model was trained on.',
      [{ features: ['rain_7d'], sample: 0.1 }],
    ),
    'on-failure': opt(
      oneOf(['fail', 'rollback', 'alert']),
      'What a broken rule does while the task watches.',
      ['rollback'],
      { default: 'fail' },
    ),
    webhook: opt(template('action'), 'An address that gets each alert as JSON.', [
      'https://example.org/alerts',
    ]),
  },
  { title: 'Monitor action' },
);
