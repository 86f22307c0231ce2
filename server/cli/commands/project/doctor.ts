/** `modelyard doctor`: is everything there and well that a run needs? */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { wordFor } from '../../../definition/detect/ours.js';
import { defined } from '../../../base/defined.js';
import { plural } from '../../../base/format.js';
import { shellOf } from '../../../definition/shell/shells.js';
import { formatBytes } from '../../../definition/text/units.js';
import { Project } from '../../../project/project.js';
import { gitHead } from '../../../runner/record/git.js';
import { staleLocks } from '../../../runner/locks/locks.js';
import { madeBefore } from '../../../runner/plan/made-before.js';
import { clusterBefore } from '../../../stores/cluster-memory.js';
import { cleanUpBehindDead } from '../../../runner/record/resume.js';
import { findShell, systemShell } from '../../../runner/execute/shells.js';
import { TaskPythons } from '../../../runner/python/task-python.js';
import { namesIn } from '../../../stores/disk/folder.js';
import type { Layout } from '../../../stores/layout.js';
import { describeError } from '../../../stores/disk/problem.js';
import { RunStore } from '../../../stores/runs/runs.js';
import { foreignMemory } from '../../../stores/trust.js';
import { positionAt } from '../../../syntax/text.js';
import { type DoctorFinding as Finding, answer } from '../../answers.js';
import { JSON_FLAG } from '../../args.js';
import type { Command } from '../../command.js';
import { projectRoot } from '../../load/locate.js';
import { EXIT, stdout } from '../../output.js';
import { diagnosticsOf } from '../../load/compile.js';
import { styleFor, wantsColours } from '../../terminal/style.js';
import { pythonWords } from '../../terminal/words.js';

const LITTLE_SPACE = 1024 ** 3;
/** Files of other tools that are named. */
const SHOWN_OTHERS = 5;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Check that everything is there and well that a run needs.',
  usage: 'doctor [--fix] [--json]',
  examples: ['doctor', 'doctor --fix'],
  flags: {
    fix: { type: 'boolean', help: 'Clear up what dead processes have left: runs, locks, temp files.' },
    ...JSON_FLAG,
  },
  most: 0,
  async run(args) {
    const root = projectRoot(args);
    const findings = [
      machine(),
      shell(),
      git(root),
      ...project(root),
      ...(await clusters(root)),
      memory(root),
      ...python(root),
      space(root),
      runs(root, args.flag('fix')),
    ];
    if (args.flag('json')) answer('doctor', { root, findings });
    else {
      const style = styleFor(wantsColours(process.stdout.isTTY));
      const marks = { ok: style.green('✓'), warning: style.yellow('!'), error: style.red('✗') };
      for (const one of findings) stdout.line(`${marks[one.state]} ${one.name}: ${one.text}`);
    }
    return findings.some((one) => one.state === 'error') ? EXIT.failed : EXIT.ok;
  },
};

function machine(): Finding {
  const text = `node ${process.version}, ${process.platform}-${process.arch}, ${plural(os.availableParallelism(), 'core')}, ${formatBytes(os.totalmem())} of memory`;
  const old = Number(process.versions.node.split('.')[0]) < 20;
  return {
    name: 'machine',
    state: old ? 'error' : 'ok',
    text: old ? `${text}; Node 20 or newer is needed` : text,
  };
}

function shell(): Finding {
  const name = systemShell();
  const program = findShell(shellOf(name), process.env) ?? name;
  const { status } = spawnSync(program, name === 'cmd' ? ['/d', '/c', 'exit 0'] : ['-c', 'exit 0']);
  if (status !== 0) {
    return {
      name: 'shell',
      state: 'error',
      text: `${program} can't be started, and every \`run\` task needs it`,
    };
  }
  const text =
    name === 'cmd'
      ? `${program}; with Git for Windows installed, commands run in its sh, as on other systems`
      : program;
  return { name: 'shell', state: 'ok', text };
}

function git(root: string): Finding {
  const { status, stdout: out } = spawnSync('git', ['--version'], { encoding: 'utf8' });
  if (status !== 0)
    return { name: 'git', state: 'warning', text: 'not found; runs are recorded without a commit' };
  const head = gitHead(root);
  const where =
    head === undefined
      ? 'no repository with a commit here'
      : `${head.commit.slice(0, 7)} on ${head.branch ?? 'no branch'}`;
  return { name: 'git', state: 'ok', text: `${out.trim()}, ${where}` };
}

function project(root: string): Finding[] {
  const opened = Project.open(root, undefined, {
    memory: { made: madeBefore(root), cluster: clusterBefore(root) },
  });
  const pipelines = opened.definitions().filter((one) => one.kind === 'pipeline').length;
  const errors = opened
    .paths()
    .flatMap((one) => diagnosticsOf(opened, one))
    .filter((one) => one.severity === 'error').length;
  return [
    { name: 'project', state: 'ok', text: root },
    errors === 0
      ? { name: 'definitions', state: 'ok', text: plural(pipelines, 'pipeline') }
      : { name: 'definitions', state: 'error', text: `${plural(errors, 'error')}; see \`modelyard lint\`` },
    ...others(opened),
  ];
}

/** The clusters of the settings: whether they answer, and what they have. */
async function clusters(root: string): Promise<Finding[]> {
  const { executors } = Project.open(root, undefined, { only: [] }).settings;
  const own = executors.filter((one) => one.type === 'slurm');
  if (own.length === 0) return [];
  const { describeCluster } = await import('../../../runner/executors/slurm/jobs/describe.js');
  return Promise.all(
    own.map(async (settings): Promise<Finding> => {
      const { ok, text } = await describeCluster(RunStore.open(root).layout, settings);
      return { name: `executor ${settings.name}`, state: ok ? 'ok' : 'error', text };
    }),
  );
}

/** Files of other tools with names of ours: who looks for a pipeline that isn't found reads here why. */
function others(project: Project): Finding[] {
  const refused = project.refused();
  if (refused.length === 0) return [];
  const shown = refused
    .slice(0, SHOWN_OTHERS)
    .map(
      ({ path: file, as, because }) =>
        `${file} is not taken as a Modelyard ${wordFor(as)} because of ${because}`,
    );
  const more = refused.length - shown.length;
  const text = [...shown, ...(more > 0 ? [`and ${plural(more, 'more file')} like that`] : [])].join('; ');
  return [{ name: 'other tools', state: 'ok', text }];
}

/** Says what of the memory can't be written, without trying: a look must not leave anything behind. */
function memory(root: string): Finding {
  const { layout } = RunStore.open(root);
  const foreign = foreignMemory(layout);
  if (foreign !== undefined) return { name: 'memory', state: 'warning', text: foreign.message };
  const there = [root, ...writtenBy(layout)].filter((one) => existsSync(one));
  for (const place of there) {
    try {
      accessSync(place, constants.W_OK);
    } catch (error) {
      const text = `${place} can't be written (${describeError(error)}), so that no run can be recorded; a project that several users share needs a folder of their group with mode g+ws`;
      return { name: 'memory', state: 'error', text };
    }
  }
  return { name: 'memory', state: 'ok', text: layout.memory };
}

/** Folders and files that every run writes. */
function writtenBy(layout: Layout): string[] {
  const { memory, runs, live, objects, entries, index, locks, temp } = layout;
  const shards = [objects, entries].flatMap((folder) =>
    namesIn(folder).map((name) => path.join(folder, name)),
  );
  const month = namesIn(runs).filter((name) => /^\d{6}$/.test(name));
  return [
    ...[memory, runs, live, objects, entries, index, locks, temp, ...shards],
    ...month.map((name) => path.join(runs, name)),
    path.join(runs, 'index.ndjson'),
  ];
}

/** The interpreters of tasks that use one; of a project that has none of these nothing is said. */
function python(root: string): Finding[] {
  const opened = Project.open(root);
  const found = new Map<string, Finding>();
  const { settings } = opened;
  for (const definition of opened.definitions()) {
    if (definition.kind !== 'pipeline') continue;
    const { pipeline, tree } = definition;
    const pythons = new TaskPythons(root, pipeline, settings, process.env);
    for (const task of pipeline.tasks) {
      const { choice, uses, problem } = pythons.of(task);
      if (problem !== undefined) {
        const line = positionAt(tree.lineStarts, problem.span.start).line + 1;
        const text = `${pipeline.path}:${line}: ${task.name}: ${problem.message}`;
        if (!found.has(problem.message)) found.set(problem.message, { name: 'python', state: 'error', text });
      } else if (uses && choice === undefined) {
        const text = `${pipeline.name} › ${task.name} uses Python, and there is none in the PATH: install it, or name one with \`python:\``;
        if (!found.has('')) found.set('', { name: 'python', state: 'warning', text });
      } else if (uses && choice !== undefined && !found.has(choice.python.path)) {
        const { version, path: file } = choice.python;
        const words = pythonWords({ name: choice.name, source: choice.source, ...defined({ version }) });
        const packages = plural(Object.keys(pythons.packages(choice)).length, 'package');
        found.set(file, { name: 'python', state: 'ok', text: `${words}, ${packages}, ${file}` });
      }
    }
  }
  return [...found.values()];
}

function space(root: string): Finding {
  const { bavail, bsize } = statfsSync(root);
  const free = bavail * bsize;
  return {
    name: 'disk',
    state: free < LITTLE_SPACE ? 'warning' : 'ok',
    text: `${formatBytes(free)} free`,
  };
}

/** Looks at every run. With `fix` what dead processes have left is cleared up. */
function runs(root: string, fix: boolean): Finding {
  const store = RunStore.open(root);
  const dead = store.deadIds();
  const stale = staleLocks(store.layout);
  const left = [
    ...(dead.length === 0 ? [] : [`${plural(dead.length, 'run')} interrupted and not written down as such`]),
    ...(stale.length === 0 ? [] : [plural(stale.length, 'stale lock')]),
  ];
  if (fix && foreignMemory(store.layout) === undefined) {
    cleanUpBehindDead(store);
    store.maintain();
    for (const lock of stale) rmSync(lock, { force: true });
    store.setBrokenAside();
  }
  const listed = store.list({ limit: 10_000 });
  for (const { id } of listed) store.read(id);
  const [problem] = store.problems;
  const said = [
    plural(listed.length, 'run'),
    ...(left.length === 0
      ? []
      : [`${left.join(' and ')}${fix ? ': cleared up' : '; `modelyard doctor --fix` clears them up'}`]),
    ...(problem === undefined ? [] : [problem.message]),
  ];
  const well = problem === undefined && (fix || left.length === 0);
  return { name: 'runs', state: well ? 'ok' : 'warning', text: said.join('; ') };
}
