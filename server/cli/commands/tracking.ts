/** `modelyard tracking`: what MLflow clients of this machine log to, and what comes from and goes to their other stores. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { plural } from '../../base/format.js';
import { Project } from '../../project/project.js';
import { heldByReleases } from '../../serving/releases/releases.js';
import { isFolder, statOf } from '../../stores/disk/folder.js';
import { tryLock } from '../../stores/disk/file-lock.js';
import { ensureMemory, layoutOf, memoryProblem } from '../../stores/layout.js';
import { describeError, errorCode } from '../../stores/disk/problem.js';
import { exportRuns } from '../../tracking/export/mlruns.js';
import { fileStore } from '../../tracking/import/file-store.js';
import { type ForeignStore, UnreadableStore } from '../../tracking/import/foreign.js';
import { importExperiments } from '../../tracking/import/importer.js';
import { pushAll } from '../../tracking/push/push.js';
import { Remote, RemoteError, authorizationIn } from '../../tracking/push/remote.js';
import type { TakenOver } from '../../tracking/listening.js';
import {
  type Quiet,
  type TrackingOptions,
  type TrackingServer,
  serveTakenOver,
  serveTracking,
} from '../../tracking/server.js';
import { Tracking } from '../../tracking/tracking.js';
import { UsageError } from '../args.js';
import { CommandError } from '../command.js';
import { EXIT, stderr, stdout } from '../output.js';
import { type ProjectCall, type Subcommands, family } from '../subcommands.js';

/** Where it is set, clients keep the token that they have when the server starts again. */
const TOKEN = 'MODELYARD_TRACKING_TOKEN';
/** What a header takes, and a shell and a .env file without quotes. */
const TOKEN_FORM = /^[\w.~+/=-]{1,4096}$/;
/** What a timer can count. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;
/** How often it is said how far an import has come. */
const PROGRESS_MS = 2_000;

/** What `import` looks for where nothing is said: what MLflow makes in the folder that it is called in. */
const DEFAULTS = ['mlruns', 'mlflow.db'];

const SUBCOMMANDS: Subcommands<ProjectCall> = {
  serve: {
    usage: 'serve [--port P] [--env] [--idle MINUTES]',
    summary: 'Lets MLflow clients of this machine log into the project, until Ctrl+C.',
    flags: {
      port: { type: 'string', value: 'P', help: 'The port. Default: a free one.' },
      env: { type: 'boolean', help: 'Print only the variables, as lines of a .env file.' },
      idle: {
        type: 'string',
        value: 'MINUTES',
        help: 'End when no client has asked for so long and none of their runs goes on. Default: only with Ctrl+C.',
      },
    },
    least: 0,
    most: 0,
    run: serve,
  },
  import: {
    usage: 'import [PATH]',
    summary:
      'Takes in the runs of an `mlruns` folder or an `mlflow.db`; those that are here already are left alone.',
    flags: {},
    least: 0,
    most: 1,
    run: importStore,
  },
  export: {
    usage: 'export [FOLDER]',
    summary:
      'Writes the runs of MLflow clients and the registry as an `mlruns` folder; what is there already stays.',
    flags: {},
    least: 0,
    most: 1,
    run: exportStore,
  },
  push: {
    usage: 'push [URI]',
    summary:
      'Sends runs of MLflow clients that have ended, and versions of models, to a team’s server; each once.',
    flags: {},
    least: 0,
    most: 1,
    run: pushToServer,
  },
};

export const tracking = family<ProjectCall>({
  name: 'tracking',
  summary: 'Let MLflow clients log into the project.',
  details: `
Scripts that \`import mlflow\` log their runs, metrics, artifacts and models into the project, unchanged, once they have the
variables that \`serve\` prints. Such runs are listed by \`modelyard runs\`, models by \`modelyard models\`. It listens on this
machine only, and answers only who knows the token, which is a new one each time unless ${TOKEN} is set.

\`push\` sends to \`tracking: { uri: … }\` of modelyard.yaml where no address is said, with what MLFLOW_TRACKING_TOKEN, or
MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, say.`,
  examples: [
    'tracking serve',
    'tracking serve --port 5000',
    'tracking import mlflow.db',
    'tracking export mlruns',
    'tracking push https://mlflow.example.com',
  ],
  subcommands: SUBCOMMANDS,
  open: (call) => call,
});

async function serve({ args, root }: ProjectCall): Promise<number> {
  const port = portOf(args.text('port'));
  const idle = idleOf(args.text('idle'));
  const problem = memoryProblem(layoutOf(root));
  if (problem !== undefined) throw new CommandError(problem.message, EXIT.failed);
  const token = tokenOf(process.env[TOKEN] ?? '');
  const options: TrackingOptions = {
    ...{ root, token, heldBy: heldByReleases(root, 'model') },
    onProblem: (message) => stderr.line(`modelyard: ${message}`),
  };
  // The editor has the port, so that it costs nothing until somebody asks, and hands connections over.
  const handed = process.env['MODELYARD_TRIGGER'] === 'editor' && process.send !== undefined;
  const parent = handed ? new ParentProcess() : undefined;
  const server = parent === undefined ? await listening(options, port) : await serveTakenOver(options);
  if (parent !== undefined && 'take' in server) parent.give(server);
  if ('uri' in server) {
    const variables = { MLFLOW_TRACKING_URI: server.uri, MLFLOW_TRACKING_TOKEN: token };
    tell(root, server, variables, args.flag('env'));
  }
  const stopped = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done());
  });
  await Promise.race([stopped, parent?.gone ?? stopped, quiet(server, idle, () => parent?.leave())]);
  await server.close();
  return EXIT.ok;
}

async function listening(options: TrackingOptions, port: number): Promise<TrackingServer> {
  try {
    return await serveTracking(options, port);
  } catch (error) {
    const taken = errorCode(error) === 'EADDRINUSE';
    const why = taken ? `port ${port} is taken: say another one, or none` : describeError(error);
    throw new CommandError(`the tracking server does not start: ${why}`, EXIT.failed);
  }
}

/** Whoever has started this process over a channel, and has the port: an editor. */
class ParentProcess {
  /** It lets go: it has ended, or agrees that this process does. */
  readonly gone = new Promise<void>((done) => void process.once('disconnect', done));

  give(server: TakenOver): void {
    process.on('message', (_message, handle) => {
      if (handle instanceof Socket) server.take(handle);
    });
    process.send?.('ready');
  }

  /** Asks it to hand no more connections over, and waits until it has let go: what it has sent before has come then. */
  async leave(): Promise<void> {
    process.send?.('idle');
    await this.gone;
  }
}

/** Resolves when clients have been silent for so long. @param leave is called then, and waited for */
async function quiet(server: Quiet, idleMs: number, leave: () => Promise<void> | undefined): Promise<void> {
  for (let left = idleMs; left > 0; left = idleMs - server.quietMs) {
    await new Promise((done) => setTimeout(done, Math.min(left, LONGEST_WAIT_MS)).unref());
  }
  await leave();
}

function tokenOf(given: string): string {
  if (given === '') return randomBytes(24).toString('base64url');
  if (TOKEN_FORM.test(given)) return given;
  throw new UsageError(
    `${TOKEN} can't be a token: letters, digits and . _ ~ + / = - only, at most 4096 of them. Unset it, and there is a new one each time`,
  );
}

async function importStore({ root, words: [word] }: ProjectCall): Promise<number> {
  const places = word === undefined ? DEFAULTS.map((name) => path.join(root, name)) : [path.resolve(word)];
  const found = places.filter((place) => word !== undefined || existsSync(place));
  if (found.length === 0) {
    const message = `there is neither ${DEFAULTS.join(' nor ')} in ${root}: say where the folder or the database is`;
    throw new CommandError(message, EXIT.usage);
  }
  const made = ensureMemory(layoutOf(root));
  if (!made.ok) throw new CommandError(made.problem.message, EXIT.failed);
  const { locks } = layoutOf(root);
  mkdirSync(locks, { recursive: true });
  // Two at once would each take in what the other one has not finished.
  const lock = tryLock(path.join(locks, 'tracking-import.lock'));
  if (lock === undefined)
    throw new CommandError('another import into this project is under way: wait for it', EXIT.failed);
  try {
    let code: number = EXIT.ok;
    for (const place of found) if ((await importOne(root, place)) !== EXIT.ok) code = EXIT.failed;
    return code;
  } finally {
    lock.release();
  }
}

async function importOne(root: string, place: string): Promise<number> {
  const store = Tracking.open(root, heldByReleases(root, 'model'));
  let foreign: ForeignStore | undefined;
  try {
    foreign = await openStore(place, store.registry.places.temp);
    const { taken, known, versions, problems } = await importExperiments(store, foreign, progress());
    for (const one of problems) stderr.line(`modelyard: ${one}`);
    const before = known === 0 ? '' : `; ${known} ${known === 1 ? 'was' : 'were'} here already`;
    const models = versions === 0 ? '' : ` and ${plural(versions, 'version')} of models`;
    stdout.line(
      `took in ${plural(taken, 'run')} of ${plural(foreign.experiments.length, 'experiment')}${models}${before}`,
    );
    return problems.length === 0 ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (!(error instanceof UnreadableStore)) throw error;
    throw new CommandError(`${place} can't be read any further: ${error.message}`, EXIT.failed);
  } finally {
    foreign?.close?.();
    store.close();
  }
}

/** @throws CommandError where there is none, or it can't be read */
async function openStore(place: string, temp: string): Promise<ForeignStore> {
  if (isFolder(place)) {
    const store = fileStore(place, (await import('../mlflow-meta.js')).readMeta);
    if (store !== undefined) return store;
    const message = `${place} is no \`mlruns\` folder: it has no experiment with a meta.yaml`;
    throw new CommandError(message, EXIT.usage);
  }
  if (statOf(place)?.isFile() !== true) throw new CommandError(`there is no ${place}`, EXIT.usage);
  try {
    // Of all commands only this one needs SQLite.
    const { openDatabase } = await import('../../tracking/import/database.js');
    return openDatabase(place, temp);
  } catch (error) {
    throw new CommandError(`${place} can't be imported: ${describeError(error)}`, EXIT.failed);
  }
}

async function exportStore({ root, words: [word] }: ProjectCall): Promise<number> {
  const folder = word === undefined ? path.join(root, 'mlruns') : path.resolve(word);
  if (existsSync(folder) && !isFolder(folder)) throw new CommandError(`${folder} is a file`, EXIT.usage);
  const problem = memoryProblem(layoutOf(root));
  if (problem !== undefined) throw new CommandError(problem.message, EXIT.failed);
  const store = Tracking.open(root, heldByReleases(root, 'model'));
  try {
    if (store.runs.all().length + store.registry.modelNames().length === 0) {
      const message = `there is nothing to write to ${folder}: no MLflow client has logged here, and no model is registered`;
      throw new CommandError(message, EXIT.usage);
    }
    const { readMeta } = await import('../mlflow-meta.js');
    const told = progress();
    const { written, ...rest } = await exportRuns(store, { folder, read: readMeta, onRun: told });
    return sayMoved('wrote', written, folder, rest);
  } finally {
    store.close();
  }
}

/** Says what has gone elsewhere; gives the exit code. */
function sayMoved(
  did: string,
  runs: number,
  to: string,
  rest: {
    /** That were there already. */
    readonly known: number;
    /** That have not ended. */
    readonly live: number;
    readonly versions: number;
    readonly problems: readonly string[];
  },
): number {
  const { known, live, versions, problems } = rest;
  for (const one of problems) stderr.line(`modelyard: ${one}`);
  const models = versions === 0 ? '' : ` and ${plural(versions, 'version')} of models`;
  const before = known === 0 ? '' : `; ${known} ${known === 1 ? 'was' : 'were'} there already`;
  const left = live === 0 ? '' : `; ${live} ${live === 1 ? 'has' : 'have'} not ended`;
  stdout.line(`${did} ${plural(runs, 'run')}${models} to ${to}${before}${left}`);
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}

async function pushToServer({ root, words: [word] }: ProjectCall): Promise<number> {
  const uri = word ?? Project.open(root, undefined, { only: [] }).settings.tracking?.uri;
  if (uri === undefined) {
    const message =
      'say where to: `tracking push https://…`, or `tracking: { uri: https://… }` in modelyard.yaml';
    throw new CommandError(message, EXIT.usage);
  }
  if (!/^https?:\/\/[^/]/.test(uri))
    throw new UsageError(`${uri} is no address of a server: https://… is one`);
  const problem = memoryProblem(layoutOf(root));
  if (problem !== undefined) throw new CommandError(problem.message, EXIT.failed);
  const store = Tracking.open(root, heldByReleases(root, 'model'));
  try {
    const remote = new Remote({ uri, ...defined({ authorization: authorizationIn(process.env) }) });
    const { sent, ...rest } = await pushAll(store, remote, progress());
    return sayMoved('sent', sent, uri, rest);
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    throw new CommandError(`${uri}: ${error.message}. What was sent is there; push again`, EXIT.failed);
  } finally {
    store.close();
  }
}

/** Says now and then how far it has come. */
function progress(): (done: number, of: number) => void {
  let shown = Date.now();
  return (done, of) => {
    if (Date.now() - shown < PROGRESS_MS) return;
    shown = Date.now();
    stderr.line(`${done} of ${plural(of, 'run')}`);
  };
}

/** In ms. */
function idleOf(word: string | undefined): number {
  if (word === undefined) return Infinity;
  const minutes = Number(word);
  if (/^\d{1,6}(?:\.\d{1,4})?$/.test(word) && minutes > 0) return minutes * 60_000;
  throw new UsageError(`--idle takes minutes, more than 0, not "${word}"`);
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
