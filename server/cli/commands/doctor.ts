/** `modelyard doctor`: is everything there and well that a run needs? */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statfsSync } from 'node:fs';
import os from 'node:os';
import { count, formatBytes } from '../../model/units.js';
import { Project } from '../../project/project.js';
import { gitHead } from '../../runner/git.js';
import { replay } from '../../runner/resume.js';
import { RunStore } from '../../stores/runs.js';
import type { Command } from '../command.js';
import { projectRoot } from '../locate.js';
import { EXIT, stdout } from '../output.js';
import { diagnosticsOf } from '../compile.js';
import { styleFor, wantsColours } from '../terminal/style.js';

interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'error';
  readonly text: string;
}

const LITTLE_SPACE = 1024 ** 3;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Check that everything is there and well that a run needs.',
  usage: 'doctor [--json]',
  flags: { json: { type: 'boolean', help: 'As JSON.' } },
  most: 0,
  run(args) {
    const root = projectRoot(args);
    const findings = [machine(), shell(), git(root), ...project(root), memory(root), space(root), runs(root)];
    if (args.flag('json')) stdout.line(JSON.stringify({ root, findings }));
    else {
      const style = styleFor(wantsColours(process.stdout.isTTY));
      const marks = { ok: style.green('✓'), warning: style.yellow('!'), error: style.red('✗') };
      for (const one of findings) stdout.line(`${marks[one.state]} ${one.name}: ${one.text}`);
    }
    return Promise.resolve(findings.some((one) => one.state === 'error') ? EXIT.failed : EXIT.ok);
  },
};

function machine(): Finding {
  const text = `node ${process.version}, ${process.platform}-${process.arch}, ${count(os.availableParallelism(), 'core')}, ${formatBytes(os.totalmem())} of memory`;
  const old = Number(process.versions.node.split('.')[0]) < 20;
  return {
    name: 'machine',
    state: old ? 'error' : 'ok',
    text: old ? `${text}; Node 20 or newer is needed` : text,
  };
}

function shell(): Finding {
  const windows = process.platform === 'win32';
  const { status } = windows ? spawnSync('cmd', ['/c', 'exit 0']) : spawnSync('/bin/sh', ['-c', 'exit 0']);
  const name = windows ? 'cmd.exe' : '/bin/sh';
  return status === 0
    ? { name: 'shell', state: 'ok', text: name }
    : { name: 'shell', state: 'error', text: `${name} can't be started, and every \`run\` task needs it` };
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
  const opened = Project.open(root);
  const pipelines = opened.definitions().filter((one) => one.kind === 'pipeline').length;
  const errors = opened
    .paths()
    .flatMap((one) => diagnosticsOf(opened, one))
    .filter((one) => one.severity === 'error').length;
  return [
    { name: 'project', state: 'ok', text: root },
    errors === 0
      ? { name: 'definitions', state: 'ok', text: count(pipelines, 'pipeline') }
      : { name: 'definitions', state: 'error', text: `${count(errors, 'error')}; see \`modelyard lint\`` },
  ];
}

function memory(root: string): Finding {
  const folder = RunStore.open(root).layout.memory;
  try {
    accessSync(root, constants.W_OK);
    return { name: 'memory', state: 'ok', text: folder };
  } catch {
    return {
      name: 'memory',
      state: 'error',
      text: `${root} can't be written, so that no run can be recorded`,
    };
  }
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

/** Looks at every run that is listed; what can't be read is set aside on the way. */
function runs(root: string): Finding {
  const store = RunStore.open(root);
  const recovered = store.maintain({ replay: replay(store) });
  const listed = store.list({ limit: 10_000 });
  for (const { id } of listed) store.read(id);
  const [problem] = store.problems;
  const text = `${count(listed.length, 'run')}${recovered.length > 0 ? `, ${recovered.length} of them found interrupted` : ''}`;
  return problem === undefined
    ? { name: 'runs', state: 'ok', text }
    : { name: 'runs', state: 'warning', text: `${text}; ${problem.message}` };
}
