/** A project that DVC and we run side by side: after each step both have done the same, and left the same traces. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { SEED, cases, fc } from '../../support/generated/cases.js';
import { builtCli } from '../../support/cli.js';
import { withoutDvc } from '../../support/peers/peers.js';
import { RealDvc } from '../../support/peers/real-dvc.js';

/** DVC takes a second a step. */
const QUICK = 2;

interface Stage {
  /** Names of stages before it, by their numbers. */
  readonly before: readonly number[];
  readonly sources: readonly number[];
  readonly params: readonly string[];
  readonly out: 'file' | 'folder' | 'none';
  readonly cache: boolean;
  readonly persist: boolean;
  readonly metric: 'no' | 'cached' | 'git';
  readonly wdir: boolean;
  readonly always: boolean;
  readonly words: string;
}

const stage = (index: number): fc.Arbitrary<Stage> =>
  fc.record({
    before: index === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat({ max: index - 1 }), { maxLength: 2 }),
    sources: fc.uniqueArray(fc.nat({ max: 1 }), { maxLength: 2 }),
    params: fc.subarray(['lr', 'deep.er', 'list.1', 'words']),
    out: fc.oneof(
      { weight: 4, arbitrary: fc.constant('file' as const) },
      { weight: 3, arbitrary: fc.constant('folder' as const) },
      { weight: 1, arbitrary: fc.constant('none' as const) },
    ),
    cache: fc.oneof(
      { weight: 4, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
    persist: fc.oneof(
      { weight: 6, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    metric: fc.constantFrom('no' as const, 'no' as const, 'cached' as const, 'git' as const),
    wdir: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    always: fc.oneof(
      { weight: 9, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    words: fc.constantFrom('one', 'zwölf “und”', "it's $HOME", 'a: b # c', ' x  y ', '[1]'),
  });

const STEPS = [
  'source',
  'source-back',
  'mode',
  'lr',
  'lr-same',
  'words',
  'list',
  'out-gone',
  'out-other',
  'object-gone',
  'cache-gone',
  'lock-gone',
  'command',
  'nothing',
] as const;

const project = fc.record({
  stages: fc
    .integer({ min: 1, max: 4 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => stage(at)))),
  steps: fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.nat({ max: 9 }), fc.boolean()), {
    minLength: 4,
    maxLength: 4,
  }),
});

function outOf(stages: readonly Stage[], at: number): string | undefined {
  const one = stages[at];
  return one === undefined || one.out === 'none' ? undefined : `o${at}`;
}

function definition(stages: readonly Stage[], touched: ReadonlySet<number>): string {
  const lines = ['stages:'];
  for (const [at, one] of stages.entries()) {
    const up = one.wdir ? '../' : '';
    const made = one.before.flatMap((index) => outOf(stages, index) ?? []);
    const deps = [...made, ...one.sources.map((index) => `src${index}.txt`)].map((file) => `${up}${file}`);
    const read = `{ ${['echo', ...deps.map((file) => `cat $(find ${file} -type f | LC_ALL=C sort)`)].join('; ')}; }`;
    const quote = (text: string): string => JSON.stringify(text);
    const out = `${up}o${at}`;
    const cmd = [
      `echo s${at}${touched.has(at) ? '!' : ''} >> "$LOG"`,
      ...(one.out === 'file'
        ? [
            `${read} ${one.persist ? '>>' : '>'} ${out}; printf '%s\\n' '${one.words.replaceAll("'", '')}' >> ${out}`,
          ]
        : []),
      ...(one.out === 'folder'
        ? [
            `mkdir -p ${out}/B && ${read} > ${out}/a.txt && printf '%s' ${at} > ${out}/B/ü.txt && : > ${out}/empty`,
          ]
        : []),
      ...(one.metric === 'no' ? [] : [`echo '{"n": ${at}}' > ${up}m${at}.json`]),
    ];
    lines.push(`  s${at}:`, '    cmd:', ...cmd.map((line) => `    - ${quote(line)}`));
    if (one.wdir) lines.push('    wdir: sub');
    if (one.always) lines.push('    always_changed: true');
    if (deps.length > 0) lines.push(`    deps: [${deps.join(', ')}]`);
    if (one.params.length > 0)
      lines.push(
        '    params:',
        ...(one.wdir
          ? [`    - ../params.yaml: [${one.params.join(', ')}]`]
          : one.params.map((key) => `    - ${key}`)),
      );
    if (one.out !== 'none') {
      const flags = [...(one.cache ? [] : ['cache: false']), ...(one.persist ? ['persist: true'] : [])];
      lines.push('    outs:', flags.length === 0 ? `    - ${out}` : `    - ${out}: {${flags.join(', ')}}`);
    }
    if (one.metric !== 'no')
      lines.push(
        '    metrics:',
        one.metric === 'git' ? `    - ${up}m${at}.json: {cache: false}` : `    - ${up}m${at}.json`,
      );
  }
  return `${lines.join('\n')}\n`;
}

/** What a run has left, for comparing. */
function traces(root: string): unknown {
  const lock = path.join(root, 'dvc.lock');
  const cache: Record<string, unknown> = {};
  const folder = path.join(root, '.dvc/cache');
  for (const name of existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
    : []) {
    const file = path.join(folder, name);
    const stat = statSync(file);
    if (stat.isDirectory()) continue;
    const bytes = readFileSync(file);
    cache[name] = name.startsWith('runs')
      ? (parse(bytes.toString()) as unknown)
      : [createHash('sha256').update(bytes).digest('hex'), stat.mode & 0o777];
  }
  const outs: Record<string, string> = {};
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    if (/^(?:\.dvc|\.git|\.gitignore|\.modelyard|dvc\.lock)(?:\/|$)/.test(name)) continue;
    const stat = statSync(path.join(root, name));
    if (stat.isFile())
      outs[name] = `${readFileSync(path.join(root, name), 'utf8')} ${(stat.mode & 0o111) !== 0 ? 'x' : ''}`;
  }
  const ignored = path.join(root, '.gitignore');
  return {
    lock: existsSync(lock) ? (parse(readFileSync(lock, 'utf8')) as unknown) : undefined,
    cache,
    outs,
    ignored: existsSync(ignored) ? readFileSync(ignored, 'utf8').split('\n').sort() : [],
  };
}

interface State {
  lr: string;
  words: string;
  second: number;
  readonly touched: Set<number>;
}

function writeParams(root: string, { lr, words, second }: State): void {
  writeFileSync(
    path.join(root, 'params.yaml'),
    `lr: ${lr}\ndeep: {er: [1, two, {size: 3}]}\nlist: [0, ${second}]\nwords: ${JSON.stringify(words)}\n`,
  );
}

function take(
  root: string,
  what: (typeof STEPS)[number],
  number: number,
  state: State,
  stages: readonly Stage[],
): void {
  const at = number % stages.length;
  const out = path.join(root, `o${at}`);
  switch (what) {
    case 'source': {
      writeFileSync(path.join(root, `src${number % 2}.txt`), `new ${number}\n`);
      return;
    }
    case 'source-back': {
      writeFileSync(path.join(root, `src${number % 2}.txt`), 'first\n');
      return;
    }
    case 'mode': {
      chmodSync(path.join(root, `src${number % 2}.txt`), number % 3 === 0 ? 0o644 : 0o755);
      return;
    }
    case 'lr':
      state.lr = number % 2 === 0 ? '1e-5' : '2';
      {
        writeParams(root, state);
        return;
      }
    case 'lr-same':
      state.lr = state.lr === '2' ? '2.0' : `${state.lr} `;
      {
        writeParams(root, state);
        return;
      }
    case 'words':
      state.words = ['', 'true', 'ü\n“x”', "a 'b' # c"][number % 4] ?? '';
      {
        writeParams(root, state);
        return;
      }
    case 'list':
      state.second = number;
      {
        writeParams(root, state);
        return;
      }
    case 'out-gone': {
      rmSync(out, { recursive: true, force: true });
      return;
    }
    case 'out-other':
      if (existsSync(out))
        writeFileSync(statSync(out).isDirectory() ? path.join(out, 'more') : out, 'other\n');
      return;
    case 'object-gone': {
      const folder = path.join(root, '.dvc/cache/files/md5');
      const files = existsSync(folder)
        ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
            .filter((name) => name.includes('/'))
            .sort()
        : [];
      const one = files[number % Math.max(1, files.length)];
      if (one !== undefined) rmSync(path.join(folder, one), { force: true });
      return;
    }
    case 'cache-gone': {
      rmSync(path.join(root, '.dvc/cache/files'), { recursive: true, force: true });
      return;
    }
    case 'lock-gone': {
      rmSync(path.join(root, 'dvc.lock'), { force: true });
      return;
    }
    case 'command':
      if (!state.touched.delete(at)) state.touched.add(at);
      {
        writeFileSync(path.join(root, 'dvc.yaml'), definition(stages, state.touched));
        return;
      }
    case 'nothing':
      return;
  }
}

const lines = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).sort() : [];

test(
  `DVC and we do the same, and leave the same (SEED=${SEED})`,
  { skip: withoutDvc(), timeout: 900_000 },
  async () => {
    const count = cases(QUICK, 2_500);
    const cli = await builtCli();
    const dvc = new RealDvc();
    const top = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-'));
    try {
      for (const [index, { stages, steps }] of fc.sample(project, count).entries()) {
        const [a, b] = [path.join(top, `a${index}`), path.join(top, `b${index}`)];
        mkdirSync(path.join(a, 'sub'), { recursive: true });
        spawnSync('git', ['init', '-q', a]);
        await dvc.run(a, ['init', '-q']);
        writeFileSync(path.join(a, 'sub/keep'), '');
        const state: State = { lr: '0.1', words: 'w', second: 1, touched: new Set() };
        writeFileSync(path.join(a, 'dvc.yaml'), definition(stages, state.touched));
        for (const one of [0, 1]) writeFileSync(path.join(a, `src${one}.txt`), 'first\n');
        writeParams(a, state);
        const told: string[] = [];
        for (const [what, number, ours] of [['nothing', 0, true] as const, ...steps]) {
          told.push(`${what} ${number} ${ours ? 'ours' : 'dvc'}`);
          const say = (): string => `${told.join(', ')}\n${readFileSync(path.join(a, 'dvc.yaml'), 'utf8')}`;
          take(a, what, number, state, stages);
          rmSync(b, { recursive: true, force: true });
          cpSync(a, b, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
          const [logA, logB] = [path.join(top, `log-a${index}`), path.join(top, `log-b${index}`)];
          rmSync(logA, { force: true });
          rmSync(logB, { force: true });
          const env = {
            ...process.env,
            MODELYARD_MACHINE: 'none',
            LOG: logA,
            SHELL: '/bin/sh',
            DVC_GLOBAL_CONFIG_DIR: top,
            DVC_SYSTEM_CONFIG_DIR: top,
          };
          const looked = await dvc.run(b, ['status', '--json']);
          const look = spawnSync(process.execPath, [cli, 'dvc', 'status', '--json'], {
            cwd: a,
            encoding: 'utf8',
            env,
          });
          assert.equal(look.status, 0, `${say()}${look.stderr}`);
          assert.deepEqual(
            (JSON.parse(look.stdout) as { stages: unknown }).stages,
            JSON.parse(looked.out),
            say(),
          );
          const theirs = await dvc.run(b, ['repro', '-q'], { LOG: logB });
          const run = spawnSync(process.execPath, [cli, 'run', 'dvc.yaml', '-j', '2'], {
            cwd: a,
            encoding: 'utf8',
            env,
          });
          assert.equal(run.status === 0, theirs.code === 0, `${say()}${run.stdout}${run.stderr}`);
          assert.deepEqual(lines(logA), lines(logB), `${say()}${run.stdout}`);
          assert.deepEqual(traces(a), traces(b), say());
          const answer = await dvc.run(a, ['status', '--json']);
          assert.equal(answer.code, 0, `${say()}${answer.out}`);
          const status = JSON.parse(answer.out) as Record<string, unknown>;
          const changed = Object.entries(status).filter(
            ([, found]) => JSON.stringify(found) !== '["always changed"]',
          );
          assert.deepEqual(changed, [], say());
          if (!ours) {
            const own = (name: string): boolean => path.basename(name) === '.modelyard';
            for (const name of readdirSync(a))
              if (!own(name)) rmSync(path.join(a, name), { recursive: true, force: true });
            cpSync(b, a, { recursive: true, preserveTimestamps: true, filter: (name) => !own(name) });
          }
        }
        rmSync(a, { recursive: true, force: true });
        rmSync(b, { recursive: true, force: true });
      }
    } finally {
      dvc.close();
      rmSync(top, { recursive: true, force: true });
    }
  },
);
