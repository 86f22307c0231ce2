/** Definitions that nobody writes who means well, each of about so many characters. */

const repeat = (text: string, length: number): string => text.repeat(Math.ceil(length / text.length));
const task = (run: string): string => `kind: model-build\ntasks:\n  a:\n    run: ${run}`;
const lines = (length: number, each: number, line: (index: number) => string): string =>
  Array.from({ length: Math.ceil(length / each) }, (_, index) => line(index)).join('');

/** By name. All have a name of ours; most are told as ours by their content, too. */
export const HOSTILE: Readonly<Record<string, (length: number) => string>> = {
  'double quotes': (n) => task(repeat('"', n)),
  'single quotes': (n) => task(repeat("'", n)),
  'quotes apart': (n) => task(repeat('" ', n)),
  'single quotes apart': (n) => task(repeat("' ", n)),
  'a quote a line': (n) => task(repeat('"\n', n)),
  'open brackets': (n) => `tasks: ${repeat('[', n)}`,
  'open braces': (n) => `tasks: ${repeat('{', n)}`,
  'tasks in a flow map': (n) => `tasks: {${lines(n, 16, (i) => `t${i}: {run: x}, `)}}`,
  'open maps': (n) => `tasks: ${repeat('{a: ', n)}`,
  'empty lists': (n) => task(repeat('[]', n)),
  commas: (n) => `tasks: {a: {inputs: [${repeat(',', n)}]}}`,
  'a huge flow map': (n) => `tasks: {a: {run: x, env: {${lines(n, 12, (i) => `K${i}: v${i}, `)}}}}`,
  'flow without commas': (n) => `params: {a: [${repeat('b c: [ ', n)}`,
  dashes: (n) => `tasks:\n${repeat('- ', n)}`,
  questions: (n) => `tasks:\n${repeat('? ', n)}`,
  anchors: (n) => task(repeat('&a ', n)),
  'anchors a line': (n) => `tasks: {}\n${lines(n, 14, (i) => `x-${i}: &a${i} 1\n`)}`,
  'anchors in a list': (n) => `x-a: [${lines(n, 10, (i) => `&a${i} 1, `)}]\ntasks: {a: {run: x}}\n`,
  'a chain of aliases': (n) =>
    `tasks: {a: {run: x}}\n${lines(n, 30, (i) => `x-${i}: &a${i} {b: ${i === 0 ? '1' : `*a${i - 1}`}}\n`)}`,
  aliases: (n) => `x-a: &a 1\ntasks: {a: {inputs: [${repeat('*a, ', n)}]}}`,
  'unknown aliases': (n) => `tasks: {a: {inputs: [${repeat('*a, ', n)}]}}`,
  'an alias bomb': (n) =>
    `tasks: {}\nx-0: &a0 [x, x]\n${lines(Math.min(n, 30_000), 30, (i) => `x-${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`)}`,
  merges: (n) => `x-b: &b {cache: false}\ntasks:\n${lines(n, 30, (i) => `  t${i}: {<<: *b, run: x}\n`)}`,
  'merges in one map': (n) => `x-b: &b {cache: false}\ntasks:\n  a:\n${repeat('    <<: *b\n', n)}`,
  'a merge of many': (n) => `x-b: &b {cache: false}\ntasks: {a: {<<: [${repeat('*b, ', n)}]}}`,
  tags: (n) => task(repeat('!t ', n)),
  hashes: (n) => task(repeat('# ', n)),
  comments: (n) => `tasks: {}\n${repeat('#\n', n)}`,
  colons: (n) => task(repeat(': ', n)),
  'keys in a row': (n) => task(repeat('a: ', n)),
  'duplicate keys': (n) => `tasks:\n  a:\n${repeat('    run: 1\n', n)}`,
  'unknown keys': (n) => `tasks:\n  a:\n    run: x\n${lines(n, 14, (i) => `    k${i}: 1\n`)}`,
  'unknown keys at the top': (n) => `tasks: {a: {run: x}}\n${lines(n, 10, (i) => `k${i}: 1\n`)}`,
  documents: (n) => `tasks: {}\n${repeat('---\n', n)}`,
  'document ends': (n) => `tasks: {}\n${repeat('...\n', n)}`,
  'template openings': (n) => task(repeat('${{', n)),
  'templates in quotes': (n) => task(`"${repeat('${{', n)}"`),
  'empty templates': (n) => task(`"${repeat('${{ }}', n)}"`),
  'templates and quotes': (n) => task(`|\n      ${repeat("${{ a' ", n)}`),
  'templates unquoted in a list': (n) => `tasks: {a: {run: x, inputs: [${repeat('${{ x }}, ', n)}]}}`,
  'templates that one end closes': (n) => task(`|\n      ${repeat("${{ a' ", n)}}}`),
  'ends of templates in quotes': (n) => task(`|\n      ${repeat("${{ '}}' ", n)}`),
  'many expressions': (n) => `params: {a: 1}\n${task(`|\n${repeat('      echo ${{ params.a }} x\n', n)}`)}`,
  'expressions in a flow map': (n) =>
    `params: {a: 1}\ntasks: {a: {run: x, env: {${lines(n, 30, (i) => `K${i}: "\${{ params.a }}", `)}}}}`,
  'expressions between tasks': (n) =>
    `tasks:\n  t0: {run: x, outputs: {o: f}}\n${lines(n, 80, (i) => `  t${i + 1}: {run: "echo \${{ tasks.t${i}.outputs.o }}", outputs: {o: g${i}}}\n`)}`,
  parentheses: (n) => task(`"\${{ ${repeat('(', n)} }}"`),
  negations: (n) => task(`"\${{ ${repeat('!', n)}a }}"`),
  'long or': (n) => task(`"\${{ ${repeat('a || ', n)}a }}"`),
  'long chain': (n) => task(`"\${{ params${repeat('.b', n)} }}"`),
  'many tasks': (n) => `tasks:\n${lines(n, 20, (i) => `  t${i}: {run: x}\n`)}`,
  'tasks in a chain': (n) =>
    `tasks:\n  t0: {run: x}\n${lines(n, 40, (i) => `  t${i + 1}: {run: x, needs: [t${i}]}\n`)}`,
  'many params': (n) => `params:\n${lines(n, 12, (i) => `  p${i}: 1\n`)}tasks: {a: {run: x}}\n`,
  'a wide matrix': (n) => `tasks: {a: {run: x, matrix: {i: [${lines(n, 7, (i) => `${i}, `)}]}}}`,
  'wide matrices that need each other': (n) =>
    `tasks:\n${lines(n, 4_000, (i) => `  t${i}: {run: x, needs: [t${i - 1}], matrix: {i: [${lines(3_900, 7, (cell) => `${cell}, `)}]}}\n`)}`,
  'matrix axes': (n) =>
    `tasks:\n  a:\n    run: x\n    matrix:\n${lines(n, 16, (i) => `      a${i}: [1, 2]\n`)}`,
  'hostile patterns': (n) =>
    `params:\n${lines(n, 60, (i) => `  p${i}: {default: aaaaaaaaaaaaaaaaaaaaaaaa!, pattern: '^(a+)+$'}\n`)}tasks: {}\n`,
  'hostile globs': (n) =>
    `tasks:\n  a:\n    run: x\n    inputs:\n${repeat('      - "**/*a*a*a*a*a*a*a*b/**/*"\n', n)}`,
  'many outputs': (n) =>
    `tasks:\n  a:\n    run: x\n    outputs:\n${lines(n, 16, (i) => `      o${i}: f${i}\n`)}`,
  'a long folder before a template': (n) =>
    `params: {b: 1}\ntasks: {a: {run: x, outputs: {o: "${repeat('x', n)}/\${{ params.b }}"}}}\n`,
  'one output many times': (n) => `tasks:\n${lines(n, 40, (i) => `  t${i}: {run: x, outputs: {o: same}}\n`)}`,
  'all read what all make': (n) =>
    `tasks:\n${lines(n / 2, 40, (i) => `  t${i}: {run: x, outputs: {o: d/f${i}}}\n`)}${lines(n / 2, 40, (i) => `  u${i}: {run: x, inputs: ['d/*']}\n`)}`,
  NUL: (n) => task(repeat('\0', n)),
  'byte order marks': (n) => task(repeat('\uFEFF', n)),
  'mixed line ends': (n) => `tasks:\r\n${repeat('  a: {run: x}\r\n  b: {run: x}\n', n)}`,
  'lone returns': (n) => `tasks: {}\n${repeat('a: 1\r', n)}`,
  'wide characters': (n) => task(`"${repeat('😀', n)}"`),
  'a long line': (n) => task(repeat('x', n)),
  'a long key': (n) => `tasks:\n  ${repeat('x', n)}: {run: x}\n`,
  tabs: (n) => `tasks:\n${repeat('\ta:\n', n)}`,
  escapes: (n) => task(`"${repeat('\\x', n)}"`),
  'dashes in a name': (n) => `name: a${repeat('-', n)}é\ntasks: {}\n`,
  'breaks kept': (n) => task(`|+\n      x\n${repeat('\n', n)}      y`),
  suppressions: (n) => `tasks: {}\n${repeat('# modelyard-disable a/b, c/d\n', n)}`,
};

const stage = (cmd: string): string => `stages:\n  a:\n    cmd: ${cmd}\n`;

/** The same for `dvc.yaml`, whose templates are others. */
export const HOSTILE_STAGES: Readonly<Record<string, (length: number) => string>> = {
  'DVC’s templates': (n) => stage(repeat('${x} ', n)),
  'DVC’s templates on many lines': (n) => stage(`|\n${repeat('      echo ${x.y[0]} "\n', n)}`),
  'openings of DVC’s templates': (n) => stage(repeat('${', n)),
  'openings on many lines': (n) => stage(`|\n${repeat('      ${\n', n)}      }`),
  'escaped openings': (n) => stage(`${repeat('\\${x', n)}}`),
  'a chain of names that ends badly': (n) => stage(`\${a${repeat('.b ', n)}[}`),
  'blanks in a chain of names': (n) => stage(`\${a${repeat(' ', n)}[}`),
  'a chain of indexes': (n) => stage(`\${a${repeat('[0] ', n)}.}`),
  'many stages': (n) => `stages:\n${lines(n, 30, (i) => `  s${i}:\n    cmd: echo\n`)}`,
  'a long foreach': (n) =>
    `stages:\n  a:\n    foreach: [${lines(n, 7, (i) => `${i}, `)}]\n    do:\n      cmd: echo \${item}\n`,
  'many vars': (n) => `vars:\n${lines(n, 14, (i) => `  - v${i}: ${i}\n`)}${stage('echo')}`,
  'stages in a chain': (n) =>
    `stages:\n${lines(n, 50, (i) => `  s${i}: {cmd: echo, deps: [f${i}], outs: [f${i + 1}]}\n`)}`,
};
