/** `modelyard tracking serve`: what MLflow clients of this machine log to. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { plural } from '../../base/format.js';
import { heldByReleases } from '../../serving/releases/releases.js';
import { tryLock } from '../../stores/disk/file-lock.js';
import { ensureMemory, layoutOf, memoryProblem } from '../../stores/layout.js';
import { describeError, errorCode } from '../../stores/disk/problem.js';
import { fileStore } from '../../tracking/import/file-store.js';
import { importExperiments } from '../../tracking/import/importer.js';
import { type TrackingServer, serveTracking } from '../../tracking/server.js';
import { Tracking } from '../../tracking/tracking.js';
import { UsageError } from '../args.js';
import { CommandError } from '../command.js';
import { EXIT, stderr, stdout } from '../output.js';
import { type ProjectCall, type Subcommands, family } from '../subcommands.js';

/** Where it is set, clients keep the token that they have when the server starts again. */
const TOKEN = 'MODELYARD_TRACKING_TOKEN';
/** What a header takes, and a shell and a .env file without quotes. */
const TOKEN_FORM = /^[\w.~+/=-]{1,4096}$/;
/** How often it is said how far an import has come. */
const PROGRESS_MS = 2_000;

const SUBCOMMANDS: Subcommands<ProjectCall> = {
  serve: {
    usage: 'serve [--port P] [--env]',
    summary: 'Lets MLflow clients of this machine log into the project, until Ctrl+C.',
    flags: {
      port: { type: 'string', value: 'P', help: 'The port. Default: a free one.' },
      env: { type: 'boolean', help: 'Print only the variables, as lines of a .env file.' },
    },
    least: 0,
    most: 0,
    run: serve,
  },
  import: {
    usage: 'import [FOLDER]',
    summary: 'Takes in the runs of an `mlruns` folder; those that are here already are left alone.',
    flags: {},
    least: 0,
    most: 1,
    run: importFolder,
  },
};

export const tracking = family<ProjectCall>({
  name: 'tracking',
  summary: 'Let MLflow clients log into the project.',
  details: `
Scripts that \`import mlflow\` log their runs, metrics, artifacts and models into the project, unchanged, once they have the
variables that \`serve\` prints. Such runs are listed by \`modelyard runs\`, models by \`modelyard models\`. It listens on this
machine only, and answers only who knows the token, which is a new one each time unless ${TOKEN} is set.`,
  examples: ['tracking serve', 'tracking serve --port 5000', 'tracking serve --env'],
  subcommands: SUBCOMMANDS,
  open: (call) => call,
});

async function serve({ args, root }: ProjectCall): Promise<number> {
  const port = portOf(args.text('port'));
  const problem = memoryProblem(layoutOf(root));
  if (problem !== undefined) throw new CommandError(problem.message, EXIT.failed);
  const token = tokenOf(process.env[TOKEN] ?? '');
  let server: TrackingServer;
  try {
    server = await serveTracking({
      ...{ root, port, token, heldBy: heldByReleases(root, 'model') },
      onProblem: (message) => stderr.line(`modelyard: ${message}`),
    });
  } catch (error) {
    const taken = errorCode(error) === 'EADDRINUSE';
    const why = taken ? `port ${port} is taken: say another one, or none` : describeError(error);
    throw new CommandError(`the tracking server does not start: ${why}`, EXIT.failed);
  }
  const variables = { MLFLOW_TRACKING_URI: server.uri, MLFLOW_TRACKING_TOKEN: token };
  tell(root, server, variables, args.flag('env'));
  await new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done());
  });
  await server.close();
  return EXIT.ok;
}

function tokenOf(given: string): string {
  if (given === '') return randomBytes(24).toString('base64url');
  if (TOKEN_FORM.test(given)) return given;
  throw new UsageError(
    `${TOKEN} can't be a token: letters, digits and . _ ~ + / = - only, at most 4096 of them. Unset it, and there is a new one each time`,
  );
}

async function importFolder({ root, words: [word] }: ProjectCall): Promise<number> {
  const folder = word === undefined ? path.join(root, 'mlruns') : path.resolve(word);
  const experiments = [...fileStore(folder)];
  if (experiments.length === 0) {
    throw new CommandError(
      `${folder} is no \`mlruns\` folder: it has no experiment with a meta.yaml`,
      EXIT.usage,
    );
  }
  const made = ensureMemory(layoutOf(root));
  if (!made.ok) throw new CommandError(made.problem.message, EXIT.failed);
  const { locks } = layoutOf(root);
  mkdirSync(locks, { recursive: true });
  const store = Tracking.open(root, heldByReleases(root, 'model'));
  // Two at once would each take in what the other one has not finished.
  const lock = tryLock(path.join(locks, 'tracking-import.lock'));
  try {
    if (lock === undefined)
      throw new CommandError('another import into this project is under way: wait for it', EXIT.failed);
    let shown = 0;
    const { taken, known, problems } = await importExperiments(store, experiments, (done, of) => {
      if (done < of && Date.now() - shown < PROGRESS_MS) return;
      shown = Date.now();
      stderr.line(`${done} of ${plural(of, 'run')}`);
    });
    for (const one of problems) stderr.line(`modelyard: ${one}`);
    const before = known === 0 ? '' : `; ${known} ${known === 1 ? 'was' : 'were'} here already`;
    stdout.line(`took in ${plural(taken, 'run')} of ${plural(experiments.length, 'experiment')}${before}`);
    return problems.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    lock?.release();
    store.close();
  }
}

function portOf(word: string | undefined): number {
  if (word === undefined) return 0;
  if (/^\d{1,5}$/.test(word) && Number(word) <= 65_535) return Number(word);
  throw new UsageError(`--port takes a number from 0 to 65535, not "${word}"`);
}

function tell(
  root: string,
  { uri }: TrackingServer,
  variables: Readonly<Record<string, string>>,
  bare: boolean,
): void {
  const entries = Object.entries(variables);
  if (bare) {
    for (const [name, value] of entries) stdout.line(`${name}=${value}`);
    return;
  }
  stdout.line(`MLflow clients log into ${path.basename(root)} at ${uri}. In the terminal of your script:`);
  stdout.line('');
  for (const [name, value] of entries)
    stdout.line(process.platform === 'win32' ? `  $env:${name} = "${value}"` : `  export ${name}=${value}`);
  stdout.line('');
  stdout.line('Ctrl+C ends it.');
}
