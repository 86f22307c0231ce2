/** Tasks that print more, faster and stranger than a terminal likes: the log has every byte, the runner stays small. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import test from 'node:test';
import { TestProject, builtCli, until } from '../support/cli.js';

/**
 * What a runner may hold at the most, however much its tasks print: its own 85 MB, V8's young generation (three times 16
 * MB) in which the lines for the terminal come and go, and one buffer for all pipes.
 */
const MEMORY_MB = 150;

/** The most memory that a command has held so far, from the kernel's own count. */
class PeakMemory {
  megabytes = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      try {
        const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
        this.megabytes = Math.max(this.megabytes, Number(peak?.[1] ?? 0) / 1024);
      } catch {
        // It has ended.
      }
    }, 20);
  }

  async of(done: Promise<unknown>): Promise<number> {
    await done;
    clearInterval(this.#timer);
    return this.megabytes;
  }
}

async function sha256Of(source: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of source) hash.update(chunk);
  return hash.digest('hex');
}

function logOf(project: TestProject, task: string): string {
  const run = project.lastRun();
  return project.path('.modelyard', 'runs', run.id.slice(0, 6), run.id, 'logs', `${task}.log`);
}

const LINES = 300_000;

test('a flood of lines on both streams, a line of 50 MB, bytes that are no text: every byte is in the log, memory stays small', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  lines: { run: seq 1 ${LINES}; seq 1 1000 >&2 }
  long: { run: node long.js }
  binary: { run: cat bytes.bin, inputs: [bytes.bin] }
`,
    'long.js': `
const piece = 'x'.repeat(1 << 16);
let left = 50 * 1024 * 1024;
const go = () => { while (left > 0) { left -= piece.length; if (!process.stdout.write(piece)) return; } };
process.stdout.on('drain', go); go();
`,
  });
  // Every byte, characters cut in two, a torn end, and no line break at all.
  const bytes = Buffer.concat([
    Buffer.from(Array.from({ length: 1 << 16 }, (_, index) => (index * 7 + (index >> 8)) & 0xff)),
    Buffer.from('größe 数据 🚀\r\x1b[31mred\x1b[0m\0'),
    Buffer.from('🚀').subarray(0, 3),
    Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf0]),
  ]);
  project.write({ 'bytes.bin': bytes });
  const begun = performance.now();
  const running = project.start(['run', '-j', '3']);
  const memory = await new PeakMemory(running.pid).of(running.done);
  const seconds = (performance.now() - begun) / 1_000;
  const { code, stderr } = await running.done;
  assert.equal(code, 0, stderr);

  const lines = (to: number): string => Array.from({ length: to }, (_, index) => `${index + 1}\n`).join('');
  const log = readFileSync(logOf(project, 'lines'), 'utf8');
  assert.equal(log.length, lines(LINES).length + lines(1_000).length);
  // Two pipes: which of two streams comes first nobody can tell, but each is in order.
  assert.equal(
    createHash('sha256').update(withoutErrors(log)).digest('hex'),
    createHash('sha256').update(lines(LINES)).digest('hex'),
  );
  const long = createHash('sha256')
    .update(Buffer.alloc(50 * 1024 * 1024, 'x'))
    .digest('hex');
  assert.equal(await sha256Of(createReadStream(logOf(project, 'long'))), long);
  assert.ok(readFileSync(logOf(project, 'binary')).equals(bytes), 'binary output is as it was');
  assert.ok(memory <= MEMORY_MB || !existsSync('/proc/self/status'), `${Math.round(memory)} MB`);
  // 10,000 lines a second at the least, with 50 MB beside them.
  assert.ok(seconds < LINES / 10_000, `${seconds.toFixed(1)} s`);
});

test('four times as much takes no more memory, while other programs keep the machine busy', async () => {
  const bytes = 100_000_000;
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  first: { run: "head -c ${bytes} /dev/zero | tr '\\\\0' x" }
  second: { run: "yes some words that come again and again | head -c ${bytes} >&2" }
`,
  });
  const busy = Array.from({ length: 2 }, () => spawn('nice', ['sh', '-c', 'while :; do :; done']));
  try {
    // What it prints is not collected here: this process has no such bound.
    const child = spawn(process.execPath, [await builtCli(), 'run', '-j', '2'], {
      cwd: project.root,
      stdio: 'ignore',
    });
    const done = new Promise<number | null>((resolve) => child.once('close', resolve));
    const memory = await new PeakMemory(child.pid ?? 0).of(done);
    assert.equal(await done, 0);
    for (const task of ['first', 'second']) assert.equal(statSync(logOf(project, task)).size, bytes);
    assert.ok(memory <= MEMORY_MB || !existsSync('/proc/self/status'), `${Math.round(memory)} MB`);
  } finally {
    for (const one of busy) one.kill('SIGKILL');
    project.remove('.modelyard');
  }
});

test(
  'the output can be opened by name, as in any shell',
  { skip: process.platform === 'win32' },
  async () => {
    const project = await TestProject.make(`
kind: model-build
tasks:
  named: { run: echo one > /dev/stdout; echo two | tee /dev/stderr > /dev/null; echo three >> /dev/fd/1 }
`);
    await project.expect(0, ['run']);
    const lines = project.log('named').toString().trim().split('\n');
    assert.deepEqual(lines.sort(), ['one', 'three', 'two']);
  },
);

test(
  'where there are no named pipes, output comes through sockets',
  { skip: process.platform === 'win32' },
  async () => {
    const project = await TestProject.make(`
kind: model-build
tasks:
  one: { run: seq 1 5000 }
  two: { run: seq 1 5000 >&2 }
`);
    await project.expect(0, ['run'], { env: { TMPDIR: project.path('no', 'such', 'folder') } });
    const lines = Array.from({ length: 5_000 }, (_, index) => `${index + 1}\n`).join('');
    for (const task of ['one', 'two']) assert.equal(project.log(task).toString(), lines);
  },
);

/** The lines of the first stream: those of the second are taken out where they stand. */
function withoutErrors(log: string): string {
  const kept: string[] = [];
  let next = 1;
  for (const line of log.split('\n')) {
    if (line === String(next)) {
      kept.push(`${line}\n`);
      next++;
    }
  }
  return kept.join('');
}

const SECRET = 'hunter2-geheim';
const LONGER = `${SECRET}-und-länger`;

test('secrets in a flood: masked across every border of chunks, at full speed', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
secrets: [TOKEN, LONGER]
tasks:
  dense: { run: node print.js 400000 0 }
  odd: { run: node print.js 60000 37 }
  slow: { run: node print.js 300 1 drip }
`,
    // Borders of what is written fall into the middle of secrets, at every offset.
    'print.js': `
const [count, extra, drip] = process.argv.slice(2);
const { TOKEN, LONGER } = process.env;
let text = '';
for (let i = 0; i < Number(count); i++)
  text += (i % 3 === 0 ? LONGER : TOKEN) + 'y'.repeat(Number(extra) === 0 ? 0 : i % Number(extra)) + ';';
const bytes = Buffer.from(text + TOKEN);
const fs = require('node:fs');
const step = drip ? 7 : 65521;
for (let at = 0; at < bytes.length; at += step) {
  let part = bytes.subarray(at, at + step);
  while (part.length > 0) part = part.subarray(fs.writeSync(1, part));
}
`,
  });
  const env = { TOKEN: SECRET, LONGER };
  const running = project.start(['run', '-j', '2'], { env });
  const memory = await new PeakMemory(running.pid).of(running.done);
  const { code, stdout, stderr } = await running.done;
  assert.equal(code, 0, stderr);
  assert.ok(memory <= MEMORY_MB || !existsSync('/proc/self/status'), `${Math.round(memory)} MB`);
  for (const [task, count, extra] of [
    ['dense', 400_000, 0],
    ['odd', 60_000, 37],
    ['slow', 300, 1],
  ] as const) {
    const log = readFileSync(logOf(project, task), 'utf8');
    const wanted = Array.from(
      { length: count },
      (_, index) => `***${'y'.repeat(extra === 0 ? 0 : index % extra)};`,
    );
    assert.ok(log === `${wanted.join('')}***`, `${task}: ${log.slice(0, 200)}`);
  }
  for (const text of [stdout, stderr, JSON.stringify(project.lastRun())]) {
    assert.ok(!text.includes('hunter2') && !text.includes('geheim') && !text.includes('länger'));
  }
});

test('one secret that begins with another, cut between the two: nothing of the longer one is left', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
secrets: [SHORT, LONG]
tasks:
  print: { run: node print.js }
`,
    'print.js': `
const fs = require('node:fs');
const parts = ['say abc', 'def', 'ghi; abc', 'x; abcde', 'f; abcdefg', 'hi', '; ab'];
const next = () => { const part = parts.shift(); if (part === undefined) return; fs.writeSync(1, part); setTimeout(next, 40); };
next();
`,
  });
  await project.expect(0, ['run'], { env: { SHORT: 'abc', LONG: 'abcdefghi' } });
  assert.equal(project.log('print').toString(), 'say ***; ***x; ***def; ***; ab');
});

test('who reads the output goes away in the middle: the run goes on to its end, and its logs are whole', async () => {
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index + 1}`);
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  talk:
    run: node talk.js
    outputs: { made: made.txt }
  after: { run: cp made.txt copy.txt, inputs: made.txt, outputs: { copy: copy.txt } }
`,
    'talk.js': `
const fs = require('node:fs');
let said = 0;
const next = () => {
  // Not all of it before the reader is gone.
  if (said === 100 && !fs.existsSync('gone')) return void setTimeout(next, 5);
  if (said === 200) return fs.writeFileSync('made.txt', 'x');
  fs.writeSync(1, 'line ' + ++said + '\\n');
  setImmediate(next);
};
next();
`,
  });
  for (const json of [[], ['--json']]) {
    const running = project.start(['run', '--force', ...json]);
    await until('it has begun to talk', () => running.output().includes('line 50'));
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    project.write({ gone: '' });
    const { code, signal } = await running.done;
    assert.deepEqual([code, signal], [0, null]);
    assert.equal(project.log('talk').toString(), `${lines.join('\n')}\n`);
    assert.deepEqual(project.statuses(), { talk: 'succeeded', after: 'succeeded' });
    project.remove('gone');
  }
});
