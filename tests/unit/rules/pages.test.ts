/**
 * The examples of the rules' pages, laid out as files and tried by the real command: a bad one brings its own rule, and those that
 * its page names besides; a good one brings nothing at all, not even hints. The unit tests of the examples look at one file in a
 * made-up world.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { EXIT } from '../../../server/cli/output.js';
import { plainExample } from '../../../server/rules/examples.js';
import { ALL_RULES } from '../../../server/rules/index.js';
import type { Example } from '../../../server/rules/rule.js';
import { PackageStore } from '../../../server/stores/packages/store.js';
import { inProcess } from '../../support/in-process.js';

/** What the data and the registry hold is told in words; `tests/runner` has both for real. */
function isLaidOut({ facts, states, labels, models, cluster, peaks, opened }: Example): boolean {
  return [facts, states, labels, models, cluster, peaks, opened].every((one) => one === undefined);
}

function layOut(t: TestContext, example: Example): string {
  const root = mkdtempSync(path.join(tmpdir(), 'modelyard-page-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const { disk = [], tracked = [], packages = {} } = example;
  const empty = Object.fromEntries([...disk, ...tracked].map((one) => [one, '']));
  const written = { ...empty, ...plainExample(example).files };
  for (const [name, text] of Object.entries(written)) {
    mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  if (tracked.length > 0) {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: root });
    git('init', '-q');
    git('add', '--', ...tracked);
  }
  const settings = { entrypoint: 'true', setup: [], health: {}, env: {}, secrets: [] };
  for (const [name, count] of Object.entries(packages)) {
    for (let version = 1; version <= count; version++) {
      const sources = [{ path: 'app', file: path.join(root, Object.keys(written)[0]!) }];
      const added = PackageStore.open(root).add({
        settings: { name, ...settings, env: { N: String(version) } },
        sources,
        who: 'test',
      });
      assert.ok(added.ok, JSON.stringify(added));
    }
  }
  return root;
}

interface Found {
  readonly rule: string;
  readonly message: string;
  readonly path: string;
}

/** What the command says of an example. */
async function lint(t: TestContext, example: Example): Promise<readonly Found[]> {
  const root = layOut(t, example);
  const disk = example.disk !== undefined;
  const { code, stdout } = await inProcess(['lint', '--severity', 'hint', '--json', '--project', root]);
  assert.ok(code === EXIT.ok || code === EXIT.failed, stdout);
  const { findings } = JSON.parse(stdout) as { findings: Found[] };
  // Data files of views and labels are not laid out: their columns are the engine's to say.
  // Nor are scripts, where an example does not say what lies on the disk.
  return findings.filter(
    ({ rule, message }) =>
      disk ||
      (rule !== 'path/missing-script' && (rule !== 'path/missing-input' || !message.startsWith('"data/'))),
  );
}

const shown = ({ path: file, rule, message }: Found): string => `${file}: ${rule}: ${message}`;

for (const category of new Set(ALL_RULES.map(({ id }) => id.split('/')[0] ?? ''))) {
  const rules = ALL_RULES.filter(({ id }) => id.startsWith(`${category}/`));
  test(`${category}: bad examples by the command`, async (t) => {
    for (const rule of rules) {
      for (const example of rule.bad.filter(isLaidOut)) {
        const found = await lint(t, example);
        const { path: checked } = plainExample(example);
        const expected = new Set<string>([rule.id, ...(example.also ?? [])]);
        const others = found.filter((one) => !expected.has(one.rule));
        assert.deepEqual(others.map(shown), [], rule.id);
        const own = found.filter((one) => one.rule === rule.id && one.path === checked);
        assert.deepEqual(
          own.map(({ message }) => message),
          example.messages,
        );
      }
    }
  });
  test(`${category}: good examples by the command`, async (t) => {
    for (const rule of rules) {
      for (const example of rule.good.filter(isLaidOut))
        assert.deepEqual((await lint(t, example)).map(shown), [], rule.id);
    }
  });
}
