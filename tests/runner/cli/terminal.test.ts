import assert from 'node:assert/strict';
import test from 'node:test';
import type { Output } from '../../../server/cli/output.js';
import { styleFor } from '../../../server/cli/terminal/style.js';
import { tableSink } from '../../../server/cli/terminal/table.js';
import { afterReturns, elapsed, fit, oneLine, tame, width } from '../../../server/cli/terminal/text.js';
import type { RunEvent } from '../../../server/stores/runs/events.js';
import { Masks } from '../../../server/runner/record/masks.js';

const at = '2026-01-01T00:00:00.000Z';
const run = {
  id: '20260101-000000-000-abcd',
  pipeline: 'p',
  kind: 'model-build',
  path: 'p.yaml',
  definitionHash: 'sha256:0',
  params: {},
  user: 'u',
  host: 'h',
  machine: { os: 'linux', arch: 'x64', cpus: 1, memoryBytes: 1 },
  trigger: 'terminal',
  argv: [],
  pid: 1,
  createdAt: at,
} as const;

const ids = ['short', 'a-name-that-is-much-longer-than-the-column-for-names-is-wide', '数据处理任务'];

function story(): RunEvent[] {
  const tasks = ids.map((id) => ({ id, task: id, action: 'run', needs: [] }));
  const output = Buffer.from(
    '\u001b[2J\u001b]0;title\u0007' + '宽 '.repeat(80) + '\r\u001b[10A🚀 end of it\n',
  );
  return [
    { type: 'run-created', at, run, tasks },
    { type: 'run-started', at },
    ...ids.map((id): RunEvent => ({ type: 'task-started', at, id, attempt: 1 })),
    ...ids.map((id): RunEvent => ({ type: 'task-output', at, id, stream: 'stdout', chunk: output })),
    { type: 'notice', at, level: 'info', message: 'draw' },
    ...ids.map((id): RunEvent => ({
      type: 'task-ended',
      at,
      id,
      status: 'failed',
      error: 'exit code 1',
      inputs: [],
      outputs: [],
      metrics: {},
    })),
    { type: 'run-ended', at, status: 'failed' },
  ];
}

for (const columns of [20, 40, 80, 200]) {
  test(`a table in ${columns} columns: no row wraps, no escape of a task gets through, the cursor comes back`, () => {
    let written = '';
    const frames: string[] = [];
    const output: Output = {
      write: (text) => {
        frames.push(String(text));
        written += String(text);
      },
      line: (text = '') => (written += `${text}\n`),
    };
    const screen = { columns: () => columns, rows: () => 10, onResize: () => () => undefined };
    const sink = tableSink(output, screen, styleFor(true), () => 'the.log');
    for (const event of story()) sink(event);
    const table = (frames.find((frame) => frame.includes('draw')) ?? '').split('\n').slice(2, -1);
    assert.equal(table.length, ids.length + 1);
    for (const row of table)
      assert.ok(width(tame(row, false)) < Math.max(columns, 21), `${row} in ${columns}`);
    assert.ok(
      !written.includes('\u001b[2J') && !written.includes('title') && !written.includes('\u001b[10A'),
    );
    assert.ok(written.endsWith('\u001b[?25h'));
    assert.match(written, /log: the\.log/);
  });
}

test('texts for terminals', () => {
  const check = (actual: unknown, expected: unknown): void => assert.deepEqual(actual, expected);
  check(width('aä数🚀e\u0301'), 7);
  check(fit('数据处理', 5), '数据…');
  check(fit('abc', 3), 'abc');
  check(fit('abcd', 3), 'ab…');
  check(tame('\u001b[31mred\u001b[0m\u0007\u001b[1A\u009b2J', true), '\u001b[31mred\u001b[0m');
  check(tame('\u001b[31mred\u001b[0m\u001b', false), 'red');
  check(tame('a\u202egpj.exe\u2066', false), 'agpj.exe');
  check(oneLine('a\r\nsucceeded\u001b[2J'), 'a succeeded');
  check(tame('a\u001bPq;payload\u001b\\b\tc', false), 'ab\tc');
  check(afterReturns('10%\r20%\r'), '20%');
  check([0, 999, 1_500, 59_949, 60_000, 3_700_000].map(elapsed), [
    '0ms',
    '999ms',
    '1.5s',
    '59.9s',
    '1m 0s',
    '1h 1m',
  ]);
});

test('a mask hides secrets however the stream is cut, and leaves everything else alone', () => {
  const secret = 'topsecret-ü-1';
  const masks = new Masks([secret, 'topsecret', 'line one\nline two']);
  const text = Buffer.from(
    `x ${secret} y topsecre topsecret\nline one|line two ${encodeURIComponent(secret)} ü数🚀 topsec`,
  );
  const wanted = 'x *** y topsecre ***\n***|*** *** ü数🚀 topsec';
  for (let size = 1; size <= text.length; size++) {
    const mask = masks.stream();
    const pieces: Buffer[] = [];
    for (let from = 0; from < text.length; from += size)
      pieces.push(mask.push(text.subarray(from, from + size)));
    pieces.push(mask.end());
    assert.equal(Buffer.concat(pieces).toString(), wanted, `in pieces of ${size}`);
    for (const piece of pieces)
      assert.ok(!piece.toString().includes('\uFFFD'), `a character was cut by pieces of ${size}`);
  }
  assert.equal(masks.text(text.toString()), wanted);
});
