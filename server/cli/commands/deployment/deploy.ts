/** `modelyard deploy PACKAGE --environment NAME` */
import { spawn } from 'node:child_process';
import { parsePackageReference } from '../../../definition/names/package-names.js';
import { findEnvironment, findTarget } from '../../../runner/resolve/places.js';
import { type SetupOutcome, TARGETS } from '../../../serving/releases/deploy.js';
import { listServices } from '../../../serving/services/read.js';
import { madeOf } from '../../../serving/releases/releases.js';
import type { ReleaseDocument } from '../../../serving/types.js';
import { inheritedEnvironment } from '../../../stores/machine/inherited-environment.js';
import { PackageStore } from '../../../stores/packages/store.js';
import { Registry } from '../../../stores/registry/registry.js';
import { userAndHost } from '../../../stores/machine/user.js';
import { answer } from '../../answers.js';
import { type Arguments, DRY_FLAG, JSON_FLAG, UsageError, wholeNumber } from '../../args.js';
import { type Command, CommandError } from '../../command.js';
import { projectRoot } from '../../load/locate.js';
import { EXIT, stderr, stdout } from '../../output.js';
import { pairOf, say, valueOf } from '../models/shared.js';

const SETUP_TIMEOUT_MS = 10 * 60_000;

export const deploy: Command = {
  name: 'deploy',
  summary: 'Put an app package and a model version into an environment, as a release.',
  usage: 'deploy PACKAGE[@VERSION] --environment NAME [--model MODEL@ALIAS] [flags]',
  examples: [
    'deploy rain-app --environment staging --model rain@candidate',
    'deploy rain-app@3 -e production --approve',
  ],
  details: `
The release is made beside what runs, and the command that starts it is printed. Where the environment demands an approval,
--approve gives yours, if you may and one is enough; else deploy by a pipeline, which can wait.`,
  flags: {
    environment: {
      type: 'string',
      short: 'e',
      value: 'NAME',
      help: 'One of the environments of modelyard.yaml.',
    },
    model: { type: 'string', short: 'm', value: 'MODEL@V', help: 'The model version, by alias or number.' },
    target: { type: 'string', value: 'NAME', help: 'Default: that of the environment.' },
    env: { type: 'string', multiple: true, value: 'K=V', help: 'A variable of the app. May be repeated.' },
    secret: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      help: 'A secret that the app gets. May be repeated.',
    },
    keep: { type: 'string', value: 'N', help: 'Older releases that stay. Default: 3.' },
    force: { type: 'boolean', short: 'f', help: 'Make a release even when the newest one is the same.' },
    'no-wait': { type: 'boolean', help: 'Fails when another deployment to the environment is under way.' },
    approve: { type: 'boolean', help: 'Approve it, where the environment demands that.' },
    ...JSON_FLAG,
    ...DRY_FLAG,
  },
  least: 1,
  most: 1,
  run: deployNow,
};

async function deployNow(args: Arguments): Promise<number> {
  const root = projectRoot(args);
  const [word = ''] = args.positionals;
  const name = args.text('environment');
  if (name === undefined) throw new UsageError('say where to with --environment NAME');
  const reference = parsePackageReference(word);
  if (!reference.ok) throw new UsageError(reference.message);
  const packages = PackageStore.open(root);
  const version = valueOf(packages.version(reference.reference.name, reference.reference.version)).version;
  const { openProject } = await import('../../load/open-project.js');
  const { settings } = openProject(root);
  const environment = findEnvironment(name, settings);
  if (!environment.ok) throw new CommandError(environment.message, EXIT.usage);
  const { approval } = environment.environment;
  const refusal = approval === undefined ? undefined : whyNotApproved(name, approval, args.flag('approve'));
  if (refusal !== undefined) throw new CommandError(refusal, EXIT.failed);
  const target = findTarget(args.text('target') ?? environment.environment.target, settings);
  if (!target.ok) throw new CommandError(target.message, EXIT.usage);
  const registry = Registry.open(root);
  const model = args.text('model');
  const found = model === undefined ? undefined : valueOf(registry.resolveUri(model)).version;
  const alias = model?.split('@')[1];
  if (args.flag('dry')) {
    const what = [
      `${version.name}@${version.version}`,
      ...(found === undefined ? [] : [`${found.name}@${found.version}`]),
    ];
    return say(
      { json: args.flag('json'), dry: true },
      'deploy',
      {
        environment: name,
        package: `${version.name}@${version.version}`,
        ...(found === undefined ? {} : { model: `${found.name}@${found.version}` }),
      },
      name,
      `would make a release of ${what.join(' with ')} in ${name}`,
    );
  }
  const control = new AbortController();
  const cancel = (): void => control.abort();
  process.once('SIGINT', cancel);
  process.once('SIGTERM', cancel);
  const json = args.flag('json');
  try {
    const deployed = valueOf(
      await (TARGETS[target.target.type] ?? unknownTarget(target.target.type)).deploy({
        root,
        packages,
        registry,
        package: version,
        ...(found === undefined
          ? {}
          : {
              model: {
                version: found,
                ...(alias === undefined || /^\d+$|^latest$/i.test(alias) ? {} : { alias }),
              },
            }),
        environment: name,
        target: target.target.name,
        env: {
          environment: environment.environment.env,
          own: Object.fromEntries(args.texts('env').map((text) => pairOf(text, '--env'))),
        },
        secrets: args.texts('secret'),
        keep: wholeNumber('keep', args.text('keep') ?? '3', 1),
        force: args.flag('force'),
        wait: !args.flag('no-wait'),
        signal: control.signal,
        setup: (command, cwd, env) => runSetup(command, cwd, env, control.signal),
        say: (line) => stderr.line(line),
      }),
    );
    const { release, created } = deployed;
    const what = madeOf(release, ' with ');
    if (json) answer('deploy', { ...release, created });
    else {
      stdout.line(`${what} ${created ? 'is' : 'is already'} release ${release.id} in ${name}`);
      for (const line of nextSteps(root, release)) stdout.line(line);
    }
    return EXIT.ok;
  } catch (error) {
    if (control.signal.aborted) return EXIT.cancelled;
    throw error;
  } finally {
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
  }
}

/** The commands that bring a release up: one for each service of its package there; none where it serves already. */
function nextSteps(root: string, { id, environment, package: { name } }: ReleaseDocument): readonly string[] {
  const services = listServices(root).services.filter((one) => one.environment === environment);
  const mine = services.filter(({ current }) => current?.package.name === name);
  if (mine.some(({ current }) => current?.id === id)) return [];
  const names = mine.length === 0 ? [name] : mine.map((one) => one.name);
  return names.map(
    (service) => `start it: modelyard service start ${service} -e ${environment} --release ${id}`,
  );
}

function unknownTarget(type: string): never {
  throw new CommandError(
    `targets of type "${type}" are not known here; there are: ${Object.keys(TARGETS).join(', ')}`,
    EXIT.usage,
  );
}

function whyNotApproved(
  name: string,
  { who, count }: { readonly who: readonly string[]; readonly count: number },
  approved: boolean,
): string | undefined {
  const { user } = userAndHost();
  const people = who.length === 0 ? 'anybody' : who.join(', ');
  if (count > 1) {
    return `${name} demands the approval of ${count} of ${people}: deploy by a pipeline, which can wait for them`;
  }
  if (who.length > 0 && !who.includes(user)) {
    return `${name} demands the approval of ${people}, and you are ${user}: deploy by a pipeline, which can wait`;
  }
  return approved ? undefined : `${name} demands an approval: give yours with --approve`;
}

/**
 * The command in a process group of its own, and beside it one that ends the group when this process is gone, however it
 * ended: then nothing is left at the other end of file 3.
 */
const GROUP = `trap : TERM
(trap "" TERM; read -r _ <&3; kill -KILL 0) & watch=$!
sh -e -c "$1" 3<&-; code=$?
kill -KILL $watch 2> /dev/null
exit $code`;

/** How long the command and what it has started may take to end when asked to. */
const SETUP_GRACE_MS = 2_000;

/** Its output goes to the terminal, beside the answer on the standard output. */
function runSetup(
  command: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<SetupOutcome> {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', GROUP, 'sh', command], {
      cwd,
      env: { ...inheritedEnvironment(process.env, new Set()), ...env },
      stdio: ['ignore', 2, 2, 'pipe'],
      detached: true,
    });
    let why: string | undefined;
    const send = (name: 'SIGTERM' | 'SIGKILL'): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // All of it has ended.
      }
    };
    let hard: NodeJS.Timeout | undefined;
    const end = (reason: string): void => {
      why ??= reason;
      send('SIGTERM');
      hard ??= setTimeout(() => send('SIGKILL'), SETUP_GRACE_MS);
    };
    const cancel = (): void => end('it was cancelled');
    const limit = setTimeout(
      () => end(`it took longer than ${SETUP_TIMEOUT_MS / 60_000} minutes`),
      SETUP_TIMEOUT_MS,
    );
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel);
    const done = (outcome: SetupOutcome): void => {
      clearTimeout(limit);
      clearTimeout(hard);
      signal.removeEventListener('abort', cancel);
      if (why !== undefined) send('SIGKILL');
      child.stdio[3]?.destroy();
      resolve(outcome);
    };
    child.once('error', (error) => done({ ok: false, error: error.message }));
    child.once('exit', (code, by) => {
      if (why !== undefined) done({ ok: false, error: why });
      else if (code === 0) done({ ok: true });
      else
        done({
          ok: false,
          error: by === null ? `it ended with ${code ?? 'no code'}` : `it was ended by ${by}`,
        });
    });
  });
}
