/** Params files in Python and TOML: the values that DVC itself reads from them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { changedKeys } from '../../../server/runner/dvc/facts.js';
import { paramValues } from '../../../server/definition/dialects/dvc/resolve/param-values.js';
import { pythonJson } from '../../../server/definition/dialects/dvc/equal.js';
import { fileValue } from '../../../server/definition/dialects/dvc/load.js';
import { pythonValues } from '../../../server/definition/dialects/dvc/resolve/python-values.js';
import { asMapping } from '../../../server/definition/dialects/dvc/equal.js';
import { SEED, cases, fc } from '../../support/generated/cases.js';
import { askPeer, withoutDvc } from '../../support/peers/peers.js';

const SCRIPT = `
import json, sys, warnings
warnings.simplefilter('ignore')
from dvc.utils.serialize import PARSERS
def read(suffix, text):
    try:
        return json.dumps(PARSERS['.' + suffix](text, 'f'), sort_keys=True)
    except Exception as error:
        return type(error).__name__
print(json.dumps([read(*one) for one in json.load(sys.stdin)]))
`;

type Text = readonly ['py' | 'toml' | 'json', string];

/** Beside DVC's words for what it can't take. */
function ours([suffix, text]: Text): string {
  if (suffix === 'py') {
    const read = pythonValues(text);
    if (read === undefined) return 'PythonFileCorruptedError';
    return read.odd.length > 0 ? 'TypeError' : pythonJson(read.value);
  }
  const name = `f.${suffix}`;
  const found = fileValue(name, name, () => ({ kind: 'text', text }));
  return 'value' in found ? pythonJson(found.value) : `${suffix.toUpperCase()}FileCorruptedError`;
}

const JSON_TEXTS: readonly string[] = [
  '{"lr": 1.0, "n": 2, "big": 1e3, "small": 1E-2, "zero": -0.0, "long": 123456789012345678901, "list": [1.50, 2]}',
  '{"a": {"b": null, "c": true, "d": "1.0"}}',
  '{"a": ',
];

const PYTHON: readonly string[] = [
  '',
  '# nothing\n',
  'A = 1\nB = 1.0\nC = "x"\nD = True\nE = None\nF = -3\nG = 1e-5\nH = 0x1F\nI = 1_000\nJ = +2\nK = .5\nL = 1.\n',
  'import os\nfrom a import (b,\n  c)\nLR = 0.1  # the rate\nPATH = os.path.join("a", "b")\nSUM = 1 + 2\nNAME = LR\n',
  'A = B = 1\nC, D = 1, 2\nE[0] = 1\nf.g = 2\nself.h = 3\nx: int = 4\ny: int\n(z) = 5\nw += 1\n',
  'T = 1, 2\nU = (1, 2)\nV = ()\nW = (3)\nX = [1, [2, (3,)],]\nY = {"a": {"b": [1]}}\nZ = {2: "c"}\nN = {None: [True]}\n',
  'class Train:\n    lr = 0.1\n    class Deep:\n        k = "v"\n    def run(self):\n        self.no = 1\n        x = 2\n\nAFTER = 1\n',
  'class M(Base, metaclass=X):\n    """Words = 1"""\n    @property\n    def p(self): return 1\n    def __init__(self, a: int = 1) -> None:\n        self.layers = 5\n        local = 6\n        self.a = a\n        if a:\n            self.b = 1\n    after = 7\n',
  'def __init__(self):\n    self.x = 1\n    y = 2\nasync def __init__():\n    self.z = 1\n',
  'if True:\n    A = 1\nelse: B = 2\ntry: C = 3\nexcept: D = 4\nfor x in y: E = 5\nwhile 0: F = 6\nwith a as b: G = 7\nH = 8\n',
  'match = 3\ncase = 4\ntype = 5\nmatch x:\n  case 1:\n    A = 1\n',
  'A = 1; B = 2; C = f(3); D = 4\n',
  'A = "it\'s"\nB = \'a\\n\\t\\x41\\u00fc\\101\\q\\\\\'\nC = r"\\n"\nD = "a" "b" \'c\'\nE = """one\ntwo"""\nF = "a\\\nb"\nG = u"x"\n',
  'A = f"x{1}"\nB = "a" f"b"\nC = not True\nD = [i for i in x]\nE = {**a}\nF = lambda: 1\nG = --1\nH = -True\nI = -(1)\nJ = 1 if x else 2\n',
  'A = {1, 2}\n',
  'A = b"x"\n',
  'A = 1j\n',
  'A = 1 + 2j\n',
  'A = ...\n',
  'A = set()\n',
  'class S:\n    a = 1\nclass S:\n    b = 2\nA = 1\nA = 2\n',
  'A = {\n  # why\n  "lr": 0.1,\n\n  "deep": [\n1,\n  2],\n}\nB = 1\n',
  'A = 1 \\\n  \nB = 2\n',
  '\tA = 1\n',
  'A = 1\n  B = 2\n',
  'A = "x\n',
  'A = (1\n',
  'A = 1)\n',
  'class A:\n    pass\n  x = 1\n',
  'A = 012\n',
  'class T: lr = 1; k = 2\nclass U: pass\nB = 3',
  'class A:\r\n    x = 1\r\n\r\nB = 2\r\n',
  'x: Dict[str, int] = {"a": 1}\ny: "int" = 2\nz: Callable = lambda a: 1\n',
  'ü = 1\n_x = 2\n__all__ = ["a"]\n',
  'A = 1 # no end',
  'def f(\n    a=1,\n):\n    """x"""\n\n\n# a comment\n  # another\n\nB = 1\n',
  'A = 123456789012345678901234567890\nB = 1e400\nC = -0.0\nD = 1e22\nE = 0.1e-6\n',
  'if x:\n    if y:\n        A = 1\n    B = 2\nC = 3\nclass D:\n    for i in j:\n        k = 1\n    e = 2\n',
  '@dataclass(frozen=True)\nclass C:\n    lr: float = 0.1\n    names: list = field(default_factory=list)\n    t: tuple = 1, 2\n',
];

const TOML: readonly string[] = [
  '',
  'lr = 0.1\nn = 1\nf = 1.0\nbig = 1_000\nhex = 0xff\nb = true\ns = "x"\nl = [1, 2.0, "a"]\n',
  '[train]\nlr = 1e-5\n[train.deep]\nk = [ { a = 1 }, { a = 2.0 } ]\n[[many]]\nx = 1\n[[many]]\nx = 2\n',
  'a.b.c = 1\n"quoted key" = 2\nm = """\none\ntwo"""\nr = \'c:\\x\'\n',
  'a = \n',
  'a = 1\na = 2\n',
  'x = 9007199254740993\ny = -0.0\n',
];

test('Python, TOML and JSON mean what DVC reads in them', { skip: withoutDvc() }, () => {
  const texts: readonly Text[] = [
    ...PYTHON.map((text) => ['py', text] as const),
    ...TOML.map((text) => ['toml', text] as const),
    ...JSON_TEXTS.map((text) => ['json', text] as const),
  ];
  const theirs = askPeer(SCRIPT, texts, 'dvc') as readonly string[];
  for (const [at, text] of texts.entries()) assert.equal(ours(text), theirs[at], text[1]);
});

const literal = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      '1',
      '-2.5',
      'True',
      'None',
      '"a"',
      "'b' 'c'",
      'x',
      '1 + 1',
      '"""m\nn"""',
      'f(1)',
      '(2)',
      '1e-7',
    ),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `(${items.map((one) => `${one},`).join(' ')})`),
    fc
      .array(tie('value'), { maxLength: 3 })
      .map((items) => `{${items.map((one, at) => `"k${at}": ${one}`).join(',\n')}}`),
  ),
})).value;

const block: fc.Arbitrary<readonly string[]> = fc.letrec<{ lines: readonly string[] }>((tie) => ({
  lines: fc
    .array(
      fc.oneof(
        { depthSize: 'small' },
        fc
          .tuple(fc.constantFrom('A', 'b', 'self.c', 'x.y', 'D: int'), literal)
          .map(([n, v]) => [`${n} = ${v}`]),
        fc.constantFrom(['# note'], [''], ['pass'], ['import os'], ['A = 1; b = 2'], ['x += 1']),
        fc
          .tuple(
            fc.constantFrom(
              'class K:',
              'def __init__(self, a=1):',
              'def f(x: int = 2):',
              'if x:',
              'class K(B): # c',
            ),
            tie('lines'),
          )
          .map(([head, lines]) => [head, '    pass', ...lines.map((line) => line.replaceAll(/^/gm, '    '))]),
      ),
      { maxLength: 5 },
    )
    .map((lists) => lists.flat()),
})).lines;

test(`generated Python means what DVC reads in it (SEED=${SEED})`, { skip: withoutDvc() }, () => {
  const texts = fc.sample(block, cases(150, 5_000)).map((lines) => ['py', `${lines.join('\n')}\n`] as const);
  const theirs = askPeer(SCRIPT, texts, 'dvc') as readonly string[];
  for (const [at, text] of texts.entries()) assert.equal(ours(text), theirs[at], text[1]);
});

test('params of Python: what is asked for, what is missing, and what no lock holds', () => {
  const text = 'class T:\n    lr = 0.1\n    odd = {1, 2}\nSIZE = (1, 2)\nDEEP = [(1, 2)]\n';
  const ask = (...keys: string[]) =>
    paramValues({ path: 'p.py', file: 'p.py', keys }, () => ({ kind: 'text', text }));
  const lr = ask('T.lr', 'SIZE', 'no');
  assert.ok(lr.ok);
  assert.equal(pythonJson(lr.values), '{"SIZE": [1, 2], "T.lr": 0.1}');
  assert.deepEqual(lr.missing, ['no']);
  for (const keys of [['T'], [], ['T.odd']]) {
    const odd = ask(...keys);
    assert.match(odd.ok ? '' : odd.problem, /^p\.py: no `dvc\.lock` can hold the value of `T\.odd`/);
  }
  // As in DVC: a tuple in a list is another value than the list that the lock has.
  const both = ask('SIZE', 'DEEP');
  assert.ok(both.ok);
  const locked = asMapping([
    ['SIZE', [1n, 2n]],
    ['DEEP', [[1n, 2n]]],
  ]);
  const stage = { path: 'p.py', file: 'p.py', keys: ['SIZE', 'DEEP'] };
  assert.deepEqual(changedKeys(stage, both.values, locked), [['DEEP', 'modified']]);
});

test('a date in a file of params is refused where it is asked for, as DVC does', () => {
  const texts = {
    'p.yaml': 'lr: 0.1\nrange: { from: 2020-01-01 }\ndays: [2020-01-02]\n',
    'p.toml': 'lr = 0.1\ndays = [2020-01-02]\n[range]\nfrom = 2020-01-01T00:00:00Z\n',
  };
  for (const [file, text] of Object.entries(texts)) {
    const ask = (...keys: string[]) =>
      paramValues({ path: file, file, keys }, () => ({ kind: 'text', text }));
    const lr = ask('lr');
    assert.ok(lr.ok);
    assert.equal(pythonJson(lr.values), '{"lr": 0.1}');
    for (const keys of [['range'], ['range.from'], ['days'], ['lr', 'days'], []]) {
      const dated = ask(...keys);
      assert.match(dated.ok ? '' : dated.problem, /holds a date without quotes/, keys.join());
    }
  }
});
