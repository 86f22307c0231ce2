/** Where YAML 1.1 reads a scalar in another way than we do, held to PyYAML. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareNumbers, numeral } from '../../../../server/base/numeral.js';
import { otherReading } from '../../../../server/definition/structure/yaml-readings.js';
import { parseYaml } from '../../../../server/syntax/parse.js';
import { cases, fc } from '../../../support/generated/cases.js';
import { askPeer } from '../../../support/peers/peers.js';

const PYYAML = `
import json, sys, yaml
def read(text):
    try:
        value = yaml.safe_load('v: ' + text)['v']
    except Exception:
        return None
    kind = type(value).__name__
    return [kind, str(value)]
print(json.dumps([read(text) for text in json.load(sys.stdin)]))
`;

type Read = readonly [string, string] | null;

/** What PyYAML and the parser of definitions make of a text: whether they part. */
function part(text: string, [kind, shown]: readonly [string, string]): boolean {
  const node = parseYaml(`v: ${text}\n`).root;
  const value = node?.kind === 'map' ? node.entries[0]?.value : undefined;
  const ours = value?.kind === 'scalar' ? value.value : null;
  switch (kind) {
    case 'str':
      return typeof ours !== 'string';
    case 'bool':
      return typeof ours !== 'boolean';
    case 'NoneType':
      return ours !== null;
    case 'int':
    case 'float': {
      const number = numeral(text);
      if (typeof ours !== 'number' || number === undefined) return true;
      const theirs = kind === 'int' ? numeral(shown) : Number(shown.replace('inf', 'Infinity'));
      return kind === 'int'
        ? compareNumbers(number, theirs ?? Number.NaN) !== 0
        : Number(number) !== theirs && ours !== theirs;
    }
    default:
      return true;
  }
}

function hold(texts: readonly string[]): void {
  const reads = askPeer(PYYAML, texts) as readonly Read[];
  for (const [index, text] of texts.entries()) {
    const read = reads[index];
    if (read === null || read === undefined) continue;
    if (part(text, read))
      assert.ok(otherReading(text) !== undefined, `${text}: PyYAML reads ${read.join(' ')}`);
    // Said without need only where another reader than PyYAML parts, or JSON can't write it.
    else if (!/^[ynYN]$|^[-+]?0\d/.test(text) && Number.isFinite(Number(text))) {
      assert.equal(otherReading(text), undefined, `${text}: PyYAML reads ${read.join(' ')}, too`);
    }
  }
}

test('a table of values', () => {
  hold(
    `no No NO yes Yes YES on On ON off Off OFF y Y n N true True TRUE false null ~ none 0 1 -1 +1 007 08 0777 0012 -017 0o17
     0x1F 0x1f -0x1F 0b11 1_000 1_0.5 1:30 1:30:15 12:59 1:99 1:30.5 190:20:30 .inf -.inf +.Inf .nan .NaN 1e3 1e-7 1E5 1.5e3
     1.5e+3 1.0e-7 .5 -.5 +.5 1. 1.0 3.10 1e400 1.0e+400 2024-01-01 2024-1-1 12345678901234567890 9007199254740993 1_ _1
     0_7 1__0 adam v1.2 1.2.3 10.0.0.1 3d 1h30m 0. 00 -0 +0 0.1_5 ._5`
      .split(/\s+/)
      .filter((text) => text !== ''),
  );
});

test('texts of the characters of numbers', () => {
  const texts = fc.sample(
    fc.stringMatching(/^[-+]?[0-9.][0-9_.:eE+xob-]{0,7}$/).filter((text) => !/[:-]$|^-$|^---|: /.test(text)),
    cases(400, 20_000),
  );
  hold([...new Set(texts)]);
});

test('what is proposed has one reading', () => {
  for (const text of ['0777', '1_000', '1:30', '1e-7', '1.5e3', '-.5', '0b11', 'off', '08', '007', '0o17']) {
    const other = otherReading(text);
    assert.ok(other !== undefined, text);
    for (const way of [other.meant, other.number, other.kept]) {
      if (way !== undefined && !way.startsWith("'"))
        assert.equal(otherReading(way), undefined, `${text}: ${way}`);
    }
  }
  const { meant, number, kept } = otherReading('0777') ?? {};
  assert.deepEqual([meant, number, kept], ['511', '777', "'0777'"]);
  assert.equal(otherReading('1:30')?.meant, '90');
  assert.equal(otherReading('1e-7')?.kept, '1.0e-7');
  for (const text of ['1e-7', '1E5', '1.5e3']) assert.ok(otherReading(text)?.minor, text);
  for (const text of ['1e400', '0o17', 'no', '0777'])
    assert.equal(otherReading(text)?.minor, undefined, text);
});
