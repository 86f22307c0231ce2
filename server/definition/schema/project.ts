/** The schema of `modelyard.yaml`. */
import { Type } from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { EXECUTOR_TYPES, SLURM_GPU_FORMS, SLURM_MEMORY_FORMS } from '../executors.js';
import { key, oneOf, opt } from './hint.js';
import {
  anyKeyed,
  bytes,
  closed,
  duration,
  envMap,
  envNameKey,
  glob,
  listOrOne,
  name,
  named,
  prose,
  python,
  reference,
  shell,
} from './pieces.js';

export const SEVERITIES = ['error', 'warning', 'info', 'hint', 'off'] as const;
export const RULE_ID_PATTERN = '^[a-z]+/[a-z]+(-[a-z]+)*$';

const cli = Type.Union([Type.String(), Type.Number()]);
const word = Type.String({ minLength: 1 });

const localKeys = {
  jobs: opt(Type.Integer({ minimum: 1 }), 'Local: at most so many tasks at once.', [4]),
  cpus: opt(
    Type.Number({ exclusiveMinimum: 0 }),
    'Local: cores that tasks share. Default: those of the machine.',
    [8],
  ),
  memory: opt(bytes, 'Local: memory that tasks share. Default: that of the machine.', ['16GiB']),
  gpus: opt(Type.Integer({ minimum: 0 }), 'Local: graphics processors that tasks share.', [2]),
};

const slurmKeys = {
  partition: opt(word, 'Slurm: the partition (`sbatch -p`). Default: the cluster’s.', ['gpu']),
  account: opt(word, 'Slurm: the account that is charged (`-A`).', ['weather']),
  qos: opt(word, 'Slurm: the quality of service (`--qos`).', ['normal']),
  constraint: opt(word, 'Slurm: features that a node must have (`-C`).', ['a100']),
  time: opt(duration, 'Slurm: the time limit of tasks without a `timeout`. Default: that of the partition.', [
    '2h',
  ]),
  'memory-form': opt(
    oneOf(SLURM_MEMORY_FORMS),
    'Slurm: how `resources.memory` is asked for: `--mem`, `--mem-per-cpu`, or not at all where the site does not share nodes.',
    ['per-cpu'],
    { default: 'total' },
  ),
  'gpu-form': opt(
    oneOf(SLURM_GPU_FORMS),
    'Slurm: how `resources.gpus` is asked for: `--gres=gpu:N` or `--gpus=N`.',
    ['gpus'],
    { default: 'gres' },
  ),
  'submit-options': opt(
    Type.Array(cli),
    'Slurm: further options of `sbatch`, passed on unchanged, after ours.',
    [['--exclusive']],
  ),
  setup: opt(
    listOrOne(Type.String()),
    'Slurm: commands of bash in the job, before those of the task: modules, environments.',
    [['module load cuda/12']],
  ),
  'work-dir': opt(
    word,
    'Slurm: where the scripts and the output of jobs lie while they run, on a file system that all nodes share. Default: `.modelyard/jobs`.',
    ['/scratch/ada/jobs'],
  ),
  login: opt(
    Type.String({ pattern: '^[^-\\s:/][^\\s:/]*$' }),
    'Slurm: the login node, as you would give it to `ssh`. Its commands run there, through the `ssh` of this machine and its configuration. Default: this machine is one.',
    ['ada@login.example.org'],
  ),
  'remote-dir': opt(
    word,
    'Slurm: with `login`, where the project lies on the cluster. Where that is not the same folder a copy is kept there: files are sent, and outputs brought, with `rsync`. Default: the same path as here.',
    ['~/projects/rain'],
  ),
  poll: opt(
    duration,
    'Slurm: how often the queue is asked for at most, when nothing changes in it.',
    ['30s'],
    { default: '15s' },
  ),
  'max-jobs': opt(Type.Integer({ minimum: 1 }), 'Slurm: at most so many jobs of a run at once.', [50]),
  group: opt(
    Type.Integer({ minimum: 1 }),
    'Slurm: up to so many tasks that ask for the same share one job, one after the other. For many short tasks: each job costs a second or more.',
    [20],
    { default: 1 },
  ),
};

/** Keys of an executor that say something for one type only. */
export const EXECUTOR_KEYS: Readonly<Record<(typeof EXECUTOR_TYPES)[number], readonly string[]>> = {
  local: Object.keys(localKeys),
  slurm: Object.keys(slurmKeys),
};

const executor = closed(
  {
    type: key(oneOf(EXECUTOR_TYPES), 'The kind of executor.', ['slurm']),
    description: opt(prose, 'When to use it.', ['The cluster of the institute.']),
    ...localKeys,
    ...slurmKeys,
  },
  { title: 'Executor' },
);

const approval = Type.Union([
  Type.Boolean(),
  closed(
    {
      who: opt(listOrOne(Type.String()), 'Who may answer: names, or `any`.', [['ada', 'grace']], {
        default: 'any',
      }),
      count: opt(Type.Integer({ minimum: 1 }), 'How many have to approve.', [2], { default: 1 }),
      timeout: opt(duration, 'How long to wait. Default: for ever.', ['2d']),
    },
    { title: 'Approval' },
  ),
]);

const environment = closed(
  {
    description: opt(prose, 'What it is for.', ['What customers see.']),
    target: opt(reference('target'), 'Where it is: one of `targets`.', ['local'], { default: 'local' }),
    url: opt(Type.String(), 'The address of the app there.', ['https://rain.example.org']),
    approval: opt(
      approval,
      'Every `deploy` to it needs a person’s approval.',
      [true, { who: ['ada'], count: 1 }],
      {
        default: false,
      },
    ),
    env: opt(envMap('env'), 'Environment variables of everything that runs there.', [
      { LOG_LEVEL: 'warning' },
    ]),
    variables: opt(
      anyKeyed(Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
      'Values for pipelines: `${{ environment.variables.region }}`.',
      [{ region: 'eu-1' }],
    ),
  },
  { title: 'Environment' },
);

const target = closed(
  {
    type: key(oneOf(['local']), 'The kind of platform.', ['local']),
    description: opt(prose, 'What it is.', ['This machine.']),
    host: opt(Type.String(), 'The address its services listen on.', ['127.0.0.1'], { default: '127.0.0.1' }),
    ports: opt(
      closed(
        {
          from: key(Type.Integer({ minimum: 1, maximum: 65535 }), 'The lowest port.', [8000]),
          to: key(Type.Integer({ minimum: 1, maximum: 65535 }), 'The highest port.', [8099]),
        },
        { title: 'Ports' },
      ),
      'Ports that services may take.',
      [{ from: 8000, to: 8099 }],
    ),
  },
  { title: 'Target' },
);

const tracking = Type.Union([
  Type.Boolean(),
  closed(
    {
      enabled: opt(
        Type.Boolean(),
        '`false`: they find nothing. `true`: they log into the run also where Python doesn’t show in the commands.',
        [false],
      ),
      port: opt(
        Type.Integer({ minimum: 0, maximum: 65535 }),
        'The port that a run answers them at; 0, or where it is taken: a free one.',
        [5000],
        { default: 0 },
      ),
      uri: opt(
        Type.String({ minLength: 1 }),
        'The MLflow server that they log to, in place of the run. What opens it belongs in `secrets`.',
        ['https://mlflow.example.org'],
      ),
      experiment: opt(
        Type.String({ minLength: 1, maxLength: 500 }),
        'The experiment of scripts that choose none. Default: the name of the pipeline.',
        ['rain'],
      ),
    },
    { title: 'Tracking' },
  ),
]);

const secret = closed(
  {
    description: opt(prose, 'What it opens.', ['Key of the weather service.']),
    env: opt(Type.String(), 'The environment variable it is read from. Default: its own name.', [
      'WEATHER_API_KEY',
    ]),
    optional: opt(Type.Boolean(), 'Runs continue without it.', [true], { default: false }),
  },
  { title: 'Secret' },
);

export const projectSchema = closed(
  {
    name: opt(name, 'What the project is called. Default: the name of its folder.', ['rain']),
    description: opt(prose, 'What it is about.', ['Tomorrow’s rain in Seattle.']),
    exclude: opt(listOrOne(glob('path')), 'Files that are not ours although they look so, as globs.', [
      ['vendor/**'],
    ]),
    rules: opt(
      Type.Record(
        Type.String({ pattern: RULE_ID_PATTERN }),
        key(oneOf(SEVERITIES), 'How serious a finding of the rule is; `off`: it is not looked for.', [
          'warning',
        ]),
        { additionalProperties: false },
      ),
      'Severities of rules, by id.',
      [{ 'param/unused': 'off', 'path/missing-input': 'warning' }],
    ),
    cache: opt(
      closed(
        {
          'max-size': opt(
            bytes,
            'The cache is kept below this; what was not used longest goes first. The last result of each task in the runs that are kept, and what model versions and runs that have not ended hold, stays.',
            ['10GiB'],
          ),
          'max-age': opt(
            duration,
            'What was not used for so long goes, except what stays in any case (see max-size).',
            ['30d'],
          ),
          link: opt(
            Type.Boolean(),
            'Outputs of 64 MiB and more and their copies in the cache are hard links of each other, which saves the copy. Such outputs are read-only. Without, they are copied (cloned where the disk can), keep their permissions and can be written.',
            [true],
            { default: false },
          ),
        },
        { title: 'Cache' },
      ),
      'Bounds of the cache of outputs.',
      [{ 'max-size': '10GiB', 'max-age': '30d' }],
    ),
    trash: opt(
      closed(
        {
          'max-size': opt(
            bytes,
            'The trash is kept below this; the oldest goes first, but nothing that is younger than a day. Default: 5GiB.',
            ['20GiB'],
          ),
          'max-age': opt(duration, 'What was set aside longer ago goes. Default: 30d.', ['90d']),
        },
        { title: 'Trash' },
      ),
      'Bounds of the trash, into which runs put what was at the paths of outputs and no run had made. Applied at the end of a run and by `modelyard gc`.',
      [{ 'max-size': '20GiB', 'max-age': '90d' }],
    ),
    runs: opt(
      closed(
        {
          keep: opt(
            Type.Integer({ minimum: 0 }),
            'So many of the newest runs are kept in any case. Without `max-age` the others go.',
            [100],
          ),
          'max-age': opt(duration, 'Older runs go, except the newest `keep`.', ['90d']),
        },
        { title: 'Runs' },
      ),
      'How long the records of runs are kept by `modelyard gc`.',
      [{ keep: 100, 'max-age': '90d' }],
    ),
    executors: opt(
      named(key(executor, 'An executor.', [{ type: 'slurm', partition: 'gpu' }])),
      'Places where tasks run. `local`, this machine, is always there; others of the type `local` are parts of it.',
      [{ cluster: { type: 'slurm', partition: 'gpu' } }],
    ),
    executor: opt(
      reference('executor'),
      'Where the commands of `run` tasks run whose pipeline doesn’t say it.',
      ['cluster'],
      { default: 'local' },
    ),
    environments: opt(
      named(key(environment, 'An environment.', [{ target: 'local', approval: true }])),
      'Places to deploy to.',
      [{ staging: { target: 'local' }, production: { target: 'local', approval: true } }],
    ),
    targets: opt(
      named(key(target, 'A target: the platform behind an environment.', [{ type: 'local' }])),
      'Platforms behind the environments.',
      [{ local: { type: 'local', ports: { from: 8000, to: 8099 } } }],
    ),
    shell: opt(shell, 'What runs the commands of tasks whose pipeline doesn’t say it.', ['bash']),
    python: opt(python, 'The Python of tasks whose pipeline doesn’t say it.', [
      '.venv',
      { conda: 'rain', counts: 'packages' },
    ]),
    tracking: opt(
      tracking,
      'Whether MLflow clients among the processes of tasks log into the run, and what they find. Default: where the commands of a task use Python and MLflow is there.',
      [false, { experiment: 'rain' }],
    ),
    secrets: opt(
      Type.Union([
        Type.Array(Type.String({ minLength: 1 })),
        Type.Record(envNameKey, key(secret, 'A secret.', [{ description: 'Key of the weather service.' }]), {
          additionalProperties: false,
        }),
      ]),
      'Secrets that pipelines use, by name. Their values come from the environment or from the editor’s secret storage, never here.',
      [['API_KEY'], { API_KEY: { description: 'Key of the weather service.' } }],
    ),
  },
  { title: 'Modelyard project', description: 'Settings of a project.' },
);

/** `modelyard.yaml` as it is written. */
export type ProjectFile = Static<typeof projectSchema>;
