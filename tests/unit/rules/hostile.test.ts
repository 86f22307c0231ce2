/** Hostile definitions: reading and checking them ends, and takes in proportion to their length. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Project } from '../../../server/project/project.js';
import { occurrencesOf } from '../../../server/ide/navigate/occurrences.js';
import { HOSTILE, HOSTILE_STAGES } from '../../support/generated/hostile.js';

/** What it takes to read a file, to check it, and to find what can be gone to in it. */
function processorMs(file: string, text: string): number {
  const begin = process.cpuUsage();
  const project = new Project('/nowhere');
  project.update(file, text);
  const findings = project.findings(file);
  const definition = project.definition(file);
  if (definition !== undefined) occurrencesOf(definition, project.view());
  const { user, system } = process.cpuUsage(begin);
  assert.ok(findings.length < 3_000, `${findings.length} findings`);
  return (user + system) / 1_000;
}

const ALL = [
  ...Object.entries(HOSTILE).map(([name, make]) => ['x.pipeline.yaml', name, make] as const),
  ...Object.entries(HOSTILE_STAGES).map(([name, make]) => ['dvc.yaml', name, make] as const),
];

for (const [file, name, make] of ALL) {
  test(`${name}: three times the length takes about three times the time`, () => {
    const measured: string[] = [];
    // What grows too fast does so each time; a busy machine does not, nor one that tidies its memory.
    for (let attempt = 0; attempt < 5; attempt++) {
      const once = processorMs(file, make(30_000));
      const thrice = processorMs(file, make(90_000));
      if (thrice <= 4 * once + 150) return;
      measured.push(`${once} ms, then ${thrice} ms`);
    }
    assert.fail(measured.join('; '));
  });
}
