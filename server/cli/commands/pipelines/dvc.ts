/** `modelyard dvc status|diff|checkout|commit`: data of a DVC project, by its own lock and cache; `pull`, `push` and `fetch` are DVC's. */
import { NEVER_RUN, type StageSpec } from '../../../definition/stage.js';
import { DvcData } from '../../../runner/dvc/data/data.js';
import type { DataDiff } from '../../../runner/dvc/data/diff.js';
import { LeftToDvc, NotThere } from '../../../runner/dvc/data/left.js';
import { DvcGuard } from '../../../runner/dvc/guard.js';
import { NotTaken } from '../../../runner/dvc/hashes.js';
import { openMemory } from '../../../runner/dvc/open.js';
import type { StageChange } from '../../../runner/dvc/data/status.js';
import { isDvc } from '../../../rules/dvc/resolved.js';
import { stagesOf } from '../../../rules/dvc/runnable.js';
import { layoutOf } from '../../../stores/layout.js';
import { newRunId } from '../../../stores/runs/id.js';
import { RunTrash } from '../../../stores/trash.js';
import { answer, answerChange } from '../../answers.js';
import { DRY_FLAG, type Flags, JSON_FLAG } from '../../args.js';
import { CommandError } from '../../command.js';
import { diagnosticsOf } from '../../load/compile.js';
import { openProject } from '../../load/open-project.js';
import { EXIT, stderr, stdout } from '../../output.js';
import { printDiagnostics } from '../../place.js';
import { type ProjectCall, type Subcommands, family } from '../../subcommands.js';
import { REMOTE_SUBCOMMANDS } from './dvc-remote.js';
import { tame } from '../../terminal/text.js';

const MOST_TARGETS = 100;

const CHANGE: Flags = {
  ...JSON_FLAG,
  ...DRY_FLAG,
  force: {
    type: 'boolean',
    short: 'f',
    help: 'Do it although something would be replaced or taken as it is.',
  },
};

const DIFF: Flags = {
  ...JSON_FLAG,
  targets: { type: 'string', multiple: true, value: 'PATH', help: 'Only what lies at a path or below it.' },
  'show-hash': { type: 'boolean', help: 'Also the beginning of the hashes.' },
  'hide-missing': { type: 'boolean', help: 'Say nothing of what is not in the cache.' },
};

const SUBCOMMANDS: Subcommands<ProjectCall> = {
  status: {
    usage: 'status [TARGET …]',
    summary: 'What is not as dvc.lock and the .dvc files have it.',
    flags: JSON_FLAG,
    least: 0,
    most: MOST_TARGETS,
    run: (call) => opened(call, (data) => status(call, data)),
  },
  diff: {
    usage: 'diff [REVISION [REVISION]] [--targets PATH …]',
    summary: 'What data was added, deleted, changed or moved since a commit, HEAD, or between two.',
    flags: DIFF,
    least: 0,
    most: 2,
    run: (call) => opened(call, (data) => diff(call, data), []),
  },
  checkout: {
    usage: 'checkout [TARGET …] [--force] [--dry]',
    summary: 'Puts outputs and data back as dvc.lock and the .dvc files have them, from the cache.',
    flags: CHANGE,
    least: 0,
    most: MOST_TARGETS,
    run: (call) => opened(call, (data) => checkout(call, data)),
  },
  commit: {
    usage: 'commit [TARGET …] [--force] [--dry]',
    summary: 'Takes what there is now for what stages made: into dvc.lock, the .dvc files and the cache.',
    flags: CHANGE,
    least: 0,
    most: MOST_TARGETS,
    run: (call) => opened(call, (data) => commit(call, data)),
  },
  ...REMOTE_SUBCOMMANDS,
};

export const dvc = family<ProjectCall>({
  name: 'dvc',
  summary: 'Data of a DVC project: what has changed, back from the cache, into it.',
  details: `
A target is a stage (train, train@us, sub/dvc.yaml:report), a group of them, a .dvc file, or a path that one of these keeps; without
one all are meant. status, diff, checkout and commit work on the local cache, without DVC; pull, fetch and push need a remote, and the DVC
that is installed does them.`,
  examples: [
    'dvc status',
    'dvc diff HEAD~1',
    'dvc checkout models/rain.bin',
    'dvc commit train --force',
    'dvc pull',
  ],
  subcommands: SUBCOMMANDS,
  open: (call) => call,
});

/** Opens the data of a project, with DVC's lock held. */
async function opened(
  call: ProjectCall,
  work: (data: DvcData) => number | Promise<number>,
  targets: readonly string[] = call.words,
): Promise<number> {
  const { root } = call;
  const stages = stagesIn(root);
  const memory = openMemory(root, process.env);
  if (!memory.ok) throw new CommandError(memory.problem, EXIT.usage);
  // Looking changes nothing, not even the file that DVC locks.
  const looks = call.dry || ['status', 'diff'].includes(call.args.positionals[0] ?? '');
  const guard = new DvcGuard({
    root,
    wait: false,
    signal: new AbortController().signal,
    say: (message) => stderr.line(`modelyard: ${message}`),
  });
  const run = async (): Promise<number> => {
    const data = new DvcData(root, memory, stages);
    const unknown = data.unknown(targets);
    if (unknown !== undefined)
      throw new CommandError(`no stage is called "${unknown}", and nothing there is DVC's`, EXIT.usage);
    return await work(data);
  };
  try {
    return looks ? await run() : await guard.locked(run);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof LeftToDvc || error instanceof NotTaken || !looks)
      throw new CommandError(
        error instanceof Error ? error.message : String(error),
        error instanceof NotThere ? EXIT.usage : EXIT.failed,
      );
    throw error;
  } finally {
    await guard.close();
  }
}

/** The stages of all `dvc.yaml` of a project. @throws CommandError where one of them is wrong */
function stagesIn(root: string): readonly StageSpec[] {
  const project = openProject(root);
  const stages = new Map<string, StageSpec>();
  for (const definition of project.definitions().filter(isDvc)) {
    const errors = diagnosticsOf(project, definition.path).filter(({ severity }) => severity === 'error');
    if (errors.length > 0) {
      printDiagnostics(stderr, errors);
      throw new CommandError(`${definition.path} is not valid`, EXIT.usage, errors);
    }
    const { pipeline, problems } = stagesOf(definition, project.view(), root);
    const [problem] = problems;
    if (problem !== undefined) throw new CommandError(problem.message, EXIT.usage);
    for (const { name, stage } of pipeline.tasks) if (stage !== undefined) stages.set(name, stage);
  }
  return [...stages.values()];
}

function status(call: ProjectCall, data: DvcData): number {
  const stages = data.status(call.words);
  if (call.json) answer('dvc status', { stages });
  else {
    const entries = Object.entries(stages);
    const never = data.neverRun();
    if (entries.length === 0) stdout.line('Data and stages are up to date.');
    for (const [owner, changes] of entries) {
      stdout.line(tame(call.style.bold(owner), call.style.colours));
      for (const line of never.has(owner) ? [NEVER_RUN] : changes.flatMap(linesOf))
        stdout.line(tame(`  ${line}`, call.style.colours));
    }
  }
  return EXIT.ok;
}

function linesOf(change: StageChange): string[] {
  if (typeof change === 'string') return [change];
  return Object.entries(change).flatMap(([what, files]) =>
    Object.entries(files as Readonly<Record<string, string | Readonly<Record<string, string>>>>).flatMap(
      ([file, word]) => {
        const role = what === 'changed deps' ? 'input' : 'output';
        if (typeof word === 'string') return [`${role} ${file}  ${word}`];
        return Object.entries(word).map(([key, one]) => `param ${file}:${key}  ${one}`);
      },
    ),
  );
}

function diff(call: ProjectCall, data: DvcData): number {
  const { args, words, json } = call;
  const [from = 'HEAD', to] = words;
  const found = data.diff(from, to, args.texts('targets'));
  const shown: DataDiff = args.flag('hide-missing') ? { ...found, 'not in cache': [] } : found;
  if (json) answer('dvc diff', shown);
  else showDiff(call, shown);
  return EXIT.ok;
}

function showDiff({ args, style }: ProjectCall, found: DataDiff): void {
  const short = (hash: string | undefined): string => (hash ?? '').slice(0, 8);
  const line = (path: string, hash: string): string =>
    `    ${args.flag('show-hash') && hash !== '' ? `${hash}  ` : ''}${path}`;
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['Added', found.added.map(({ path, hash }) => line(path, short(hash)))],
    ['Deleted', found.deleted.map(({ path, hash }) => line(path, short(hash)))],
    ['Renamed', found.renamed.map(({ path, hash }) => line(`${path.old} -> ${path.new}`, short(hash)))],
    [
      'Modified',
      found.modified.map(({ path, hash }) => line(path, `${short(hash.old)}..${short(hash.new)}`)),
    ],
    ['Not in cache', found['not in cache'].map(({ path, hash }) => line(path, short(hash)))],
  ];
  const told = parts.filter(([, lines]) => lines.length > 0);
  for (const [header, lines] of told) {
    stdout.line(`${style.bold(header)}:`);
    for (const one of lines) stdout.line(tame(one, style.colours));
    stdout.line('');
  }
  // Folders are named, and their files counted.
  const counts = told.flatMap(([header, lines]) => {
    const files = lines.filter((one) => !one.endsWith('/')).length;
    return files === 0 ? [] : [`${files} ${header.toLowerCase()}`];
  });
  if (counts.length > 0) stdout.line(`files summary: ${counts.join(', ')}`);
}

async function checkout(call: ProjectCall, data: DvcData): Promise<number> {
  const { args, words, root, dry, json } = call;
  const plan = data.planCheckout(words);
  if (plan.unsaved.length > 0 && !args.flag('force'))
    throw new CommandError(
      `${plan.unsaved.join(', ')} ${plan.unsaved.length === 1 ? 'has' : 'have'} no copy in DVC's cache: \`modelyard dvc commit\` keeps it, --force puts it into the trash`,
      EXIT.failed,
    );
  const trash = new RunTrash(layoutOf(root), newRunId());
  const kept: string[] = [];
  if (!dry)
    await data.checkout(plan, (file) => {
      const reason = plan.unsaved.includes(file) ? 'found' : 'before';
      if (reason === 'found') {
        const place = trash.setAside('dvc checkout', file, reason);
        if (place !== undefined) kept.push(`${file} is in the trash now: ${place}`);
      } else {
        // The cache has it.
        const held = trash.hold('dvc checkout', [{ path: file, reason }]);
        trash.settle(held);
        trash.sweep(held);
      }
    });
  trash.close();
  const changes = plan.changes.map(({ file, change }) => ({ path: file, change }));
  if (json) answerChange('dvc checkout', { changes, missing: plan.missing }, !dry);
  else {
    for (const { path, change } of changes) stdout.line(`${change === 'added' ? 'A' : 'M'}  ${path}`);
    for (const line of kept) stdout.line(line);
    if (changes.length === 0 && plan.missing.length === 0) stdout.line('Everything is as DVC has it.');
  }
  if (plan.missing.length === 0) return EXIT.ok;
  const list = plan.missing.join(' ');
  stderr.line(
    `modelyard: not in DVC's cache: ${plan.missing.join(', ')}. A remote may have it: modelyard dvc pull ${list}`,
  );
  return EXIT.failed;
}

async function commit(call: ProjectCall, data: DvcData): Promise<number> {
  const { args, words, dry, json } = call;
  const changed = data.status(words);
  const owners = Object.keys(changed);
  if (owners.length > 0 && !dry && !args.flag('force'))
    throw new CommandError(
      `${owners.join(', ')} would be taken as ${owners.length === 1 ? 'it is' : 'they are'}, without a run: \`modelyard dvc status\` says what has changed, --force does it`,
      EXIT.failed,
    );
  const done = dry ? { owners, problems: [] } : await data.commit(words);
  if (json) answerChange('dvc commit', { owners: done.owners }, !dry);
  else if (done.owners.length === 0) stdout.line('Everything is as DVC has it.');
  else for (const owner of done.owners) stdout.line(`${dry ? 'would take' : 'took'} ${owner} as it is`);
  for (const problem of done.problems) stderr.line(`modelyard: ${problem}`);
  return EXIT.ok;
}
