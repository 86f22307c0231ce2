/** Every rule's examples are its tests. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { plainExample } from '../../../server/rules/examples.js';
import { RULE_IDS } from '../../../server/rules/ids.js';
import { ALL_RULES, ruleById } from '../../../server/rules/index.js';
import type { BadExample, Example, Finding, Rule } from '../../../server/rules/rule.js';
import { applyEdits, memoryProject } from '../../support/project.js';

function findingsOf(example: Example): { findings: Finding[]; text: string } {
  const { files, path } = plainExample(example);
  const { disk, tracked, models, packages, facts, states, labels, cluster, peaks, opened } = example;
  const project = memoryProject(files, {
    ...(disk === undefined ? {} : { disk }),
    ...(tracked === undefined ? {} : { tracked }),
    ...(models === undefined ? {} : { models }),
    ...(packages === undefined ? {} : { packages }),
    ...(facts === undefined ? {} : { facts }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(peaks === undefined ? {} : { peaks }),
    ...(opened === undefined ? {} : { opened }),
    ...(states === undefined ? {} : { states }),
    ...(labels === undefined ? {} : { labels }),
  });
  return { findings: project.findings(path), text: files[path] ?? '' };
}

const loud = (finding: Finding) => finding.severity === 'error' || finding.severity === 'warning';
const shown = (finding: Finding, text: string) =>
  `${finding.rule}: ${JSON.stringify(text.slice(finding.span.start, finding.span.end))} ${finding.message}`;

function checkBad(rule: Rule, example: BadExample): void {
  const { findings, text } = findingsOf(example);
  const { marked } = plainExample(example);
  const own = findings.filter((finding) => finding.rule === rule.id);
  assert.deepEqual(
    own.map((finding) => ({
      covered: text.slice(finding.span.start, finding.span.end),
      at: finding.span.start,
      message: finding.message,
    })),
    marked.map((span, index) => ({
      covered: text.slice(span.start, span.end),
      at: span.start,
      message: example.messages[index],
    })),
  );
  const others = findings.filter(
    (finding) => finding.rule !== rule.id && loud(finding) && example.also?.includes(finding.rule) !== true,
  );
  assert.deepEqual(
    others.map((finding) => shown(finding, text)),
    [],
  );
  for (const finding of own) {
    assert.equal(finding.severity, rule.severity);
    assert.ok(!finding.message.includes(rule.id) || rule.id === 'suppression/unused');
    assert.match(finding.message, /^[^a-z].*[.?]$/s, 'a message is a sentence');
  }
  if (example.fixed === undefined) return;
  const fix = own[0]?.fixes[0];
  assert.ok(fix, 'there is a fix');
  const mended = applyEdits(text, fix.edits);
  assert.equal(mended, example.fixed);
  const after = findingsOf({ ...example, files: mendedFiles(example, mended) });
  assert.deepEqual(
    after.findings.filter((finding) => finding.rule === rule.id).map((finding) => shown(finding, mended)),
    own.slice(1).map((finding) => shown(finding, text)),
    'the fix mends it',
  );
}

function mendedFiles(example: Example, mended: string): Example['files'] {
  const { files, path } = plainExample(example);
  return typeof example.files === 'string' ? mended : { ...files, [path]: mended };
}

for (const rule of ALL_RULES) {
  test(`${rule.id}: bad examples`, () => {
    assert.ok(rule.bad.length > 0, 'there is one');
    for (const example of rule.bad) checkBad(rule, example);
  });
  test(`${rule.id}: good examples`, () => {
    assert.ok(rule.good.length > 0, 'there is one');
    for (const example of rule.good) {
      const { findings, text } = findingsOf(example);
      const unwanted = findings.filter((finding) => loud(finding) || finding.rule === rule.id);
      assert.deepEqual(
        unwanted.map((finding) => shown(finding, text)),
        [],
      );
    }
  });
}

test('every rule of the list exists, once, with a page', () => {
  assert.deepEqual(
    ALL_RULES.map((rule) => rule.id),
    [...RULE_IDS],
  );
  for (const rule of ALL_RULES) {
    assert.equal(ruleById(rule.id), rule);
    assert.ok(rule.summary.endsWith('.'), rule.id);
    assert.match(rule.docs, /\*\*How to fix it:\*\*/, rule.id);
    assert.ok(
      readFileSync(`docs/rules/${rule.id.replace('/', '-')}.md`, 'utf8').startsWith(`# ${rule.id}\n`),
    );
  }
  assert.equal(ruleById('graph/nothing'), undefined);
});
