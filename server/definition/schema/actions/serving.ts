/** The actions that package, deploy and start an app: `package`, `approval`, `deploy`, `service`. */
import { Type } from '@sinclair/typebox';
import { hinted, key, oneOf, opt } from '../hint.js';
import {
  bytes,
  closed,
  duration,
  envMap,
  glob,
  listOrOne,
  orExpression,
  path,
  reference,
  secretName,
  template,
} from '../pieces.js';
import { signature } from '../signature.js';

const port = orExpression(Type.Integer({ minimum: 1, maximum: 65535 }));
const urlPath = hinted(template('action'), { expects: 'a path such as /health' });

const healthPaths = Type.Union([
  urlPath,
  closed(
    {
      live: opt(urlPath, 'Answers 200 while the process is alive.', ['/livez']),
      ready: opt(urlPath, 'Answers 200 once requests can be served.', ['/readyz']),
    },
    { title: 'Health paths' },
  ),
]);

const probe = Type.Union([
  urlPath,
  closed(
    {
      path: key(urlPath, 'The path that is asked.', ['/health']),
      interval: opt(duration, 'Pause between two questions.', ['5s'], { default: '5s' }),
      timeout: opt(duration, 'No answer for so long counts as unhealthy.', ['2s'], { default: '2s' }),
      failures: opt(Type.Integer({ minimum: 1 }), 'So many bad answers in a row make it unhealthy.', [3], {
        default: 3,
      }),
    },
    { title: 'Health probe' },
  ),
]);

export const packageAction = closed(
  {
    name: key(
      hinted(template('action'), { names: 'package' }),
      'The name of the app; its versions are counted from 1.',
      ['rain-app'],
    ),
    description: opt(template('action', { prose: true }), 'What the app does, in Markdown.', [
      'Serves tomorrow’s rain.',
    ]),
    include: key(
      listOrOne(glob('action')),
      'Files that go in, as paths or globs. `.gitignore` is respected.',
      [['app/**', 'requirements.txt']],
    ),
    exclude: opt(listOrOne(glob('action')), 'Files that stay out.', [['**/*.test.py']]),
    entrypoint: key(
      listOrOne(hinted(template('action'), { expects: 'a command' })),
      'The command that starts the app, in the folder of the package. It reads its port from `PORT`.',
      ['python3 app/serve.py'],
    ),
    setup: opt(
      listOrOne(hinted(template('action'), { expects: 'a command' })),
      'Commands that make a release ready, once per release.',
      [['python3 -m venv .venv', '.venv/bin/pip install -r requirements.txt']],
    ),
    port: opt(port, 'The port the app listens on when nobody tells it another one.', [8080]),
    health: opt(healthPaths, 'Where the app says that it is alive and ready.', [
      '/health',
      { ready: '/readyz' },
    ]),
    env: opt(envMap('action'), 'Environment variables of the app.', [{ LOG_LEVEL: 'info' }]),
    secrets: opt(listOrOne(secretName), 'Secrets that the app needs, by name.', [['API_KEY']]),
    model: opt(reference('model', 'action'), 'The registered model that the app serves.', ['rain']),
    signature: opt(signature, 'What the app expects of the model. A release with another one is refused.', [
      { inputs: { rain_7d: 'double' } },
    ]),
    'feature-service': opt(
      reference('feature-service', 'action'),
      'The features that the app looks up by itself.',
      ['rain-v1'],
    ),
    python: opt(Type.Union([Type.String(), Type.Number()]), 'The Python version that the app was made for.', [
      '3.11',
    ]),
    requirements: opt(path('action'), 'The file that lists its Python packages.', ['requirements.txt']),
    'allow-secret-files': opt(
      listOrOne(glob('action')),
      'Files that look like secrets (`.env`, private keys) and are to go in all the same.',
      [['app/test-key.pem']],
    ),
  },
  { title: 'Package action' },
);

export const approvalAction = closed(
  {
    prompt: key(template('action', { prose: true }), 'What is asked, in Markdown.', [
      'Accuracy ${{ tasks.train.metrics.accuracy }}. Put it into production?',
    ]),
    artifacts: opt(listOrOne(path('action')), 'Artifacts to look at first.', [
      ['${{ tasks.train.outputs.report }}'],
    ]),
    metrics: opt(
      listOrOne(template('action')),
      'Metrics to look at first, as `task.metric`, or all of a task.',
      [['train.accuracy', 'train']],
    ),
    compare: opt(
      closed(
        {
          model: key(reference('model', 'action'), 'The version that is to be approved.', ['rain@candidate']),
          to: opt(reference('alias', 'action'), 'The version it is compared with.', ['production'], {
            default: 'production',
          }),
        },
        { title: 'Comparison' },
      ),
      'Two versions of a model, shown side by side.',
      [{ model: 'rain@candidate', to: 'production' }],
    ),
    who: opt(
      Type.Union([
        hinted(template('action'), { expects: 'a name or "any"' }),
        Type.Array(template('action')),
      ]),
      'Who may answer: names, or `any`.',
      [['ada', 'grace'], 'any'],
      { default: 'any' },
    ),
    count: opt(Type.Integer({ minimum: 1 }), 'How many have to approve. One rejection rejects.', [2], {
      default: 1,
    }),
    timeout: opt(duration, 'How long to wait. Default: for ever.', ['2d']),
    'on-timeout': opt(
      oneOf(['reject', 'approve', 'fail']),
      'What happens when nobody answers in time.',
      ['reject'],
      {
        default: 'reject',
      },
    ),
  },
  { title: 'Approval action' },
);

export const deployAction = closed(
  {
    package: key(
      reference('package', 'action'),
      'The app package, at its newest version or at `name@version`.',
      ['rain-app', 'rain-app@3'],
    ),
    model: opt(reference('model', 'action'), 'The model version, by alias or number. Default: none.', [
      'rain@candidate',
      'rain@3',
    ]),
    environment: key(
      reference('environment', 'action'),
      'Where to, one of the environments of `modelyard.yaml`.',
      ['staging'],
    ),
    target: opt(reference('target', 'action'), 'The target, where the environment has several.', ['local']),
    env: opt(envMap('action'), 'Environment variables of this release, over those of the package.', [
      { LOG_LEVEL: 'debug' },
    ]),
    secrets: opt(listOrOne(secretName), 'Secrets of this release, by name, beside those of the package.', [
      ['API_KEY'],
    ]),
    keep: opt(
      Type.Integer({ minimum: 1 }),
      'How many older releases stay on the target, to roll back to.',
      [3],
      {
        default: 3,
      },
    ),
    'setup-timeout': opt(duration, 'How long the setup commands of the package may take.', ['10m'], {
      default: '10m',
    }),
  },
  { title: 'Deploy action' },
);

export const serviceAction = closed(
  {
    name: key(reference('service', 'action'), 'The service that is started, or replaced when it runs.', [
      'rain',
    ]),
    environment: opt(
      reference('environment', 'action'),
      'The environment it runs in. Default: that of the `deploy` it follows.',
      ['staging'],
    ),
    release: opt(
      template('action'),
      'The release. Default: the one of the `deploy` it follows, else the newest.',
      ['${{ tasks.deploy.outputs.release }}'],
    ),
    port: opt(port, 'The public port.', [8080]),
    host: opt(template('action'), 'The address it listens on.', ['127.0.0.1'], { default: '127.0.0.1' }),
    health: opt(probe, 'How health is asked for. Default: the paths of the package.', [
      '/health',
      { path: '/health', interval: '5s' },
    ]),
    grace: opt(duration, 'A new release has so long to become healthy.', ['30s'], { default: '30s' }),
    drain: opt(
      duration,
      'Requests under way have so long to end before the old release is stopped.',
      ['15s'],
      {
        default: '15s',
      },
    ),
    replicas: opt(
      orExpression(Type.Integer({ minimum: 1, maximum: 64 })),
      'Processes that share the traffic.',
      [2],
      {
        default: 1,
      },
    ),
    'rollback-on-failure': opt(
      Type.Boolean(),
      'Go back to the release before when this one does not become, or stay, healthy.',
      [true],
      { default: true },
    ),
    traffic: opt(
      orExpression(Type.Integer({ minimum: 0, maximum: 100 })),
      'Percent of the traffic for this release; the rest stays with the one before (a canary).',
      [10],
      { default: 100 },
    ),
    'max-body': opt(bytes, 'How much one request may bring; more is answered with 413.', ['10MiB'], {
      default: '100MiB',
    }),
    'max-header': opt(
      bytes,
      'How long the head of a request may be, at least 1KiB; more is answered with 431.',
      ['16KiB'],
      { default: '64KiB' },
    ),
    timeout: opt(
      duration,
      'A request has so long to arrive, and each next part of a long one; else it is answered with 408.',
      ['30s'],
      { default: '60s' },
    ),
    env: opt(envMap('action'), 'Environment variables, over those of the release.', [{ LOG_LEVEL: 'debug' }]),
    secrets: opt(listOrOne(secretName), 'Secrets, by name, beside those of the release.', [['API_KEY']]),
  },
  { title: 'Service action' },
);
