/** Hostile definitions: reading and checking them ends, and takes in proportion to their length. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Project } from '../../../server/project/project.js';
import { HOSTILE } from '../../support/generated/hostile.js';

function processorMs(text: string): number {
  const begin = process.cpuUsage();
  const project = new Project('/nowhere');
  project.update('x.pipeline.yaml', text);
  const findings = project.findings('x.pipeline.yaml');
  const { user, system } = process.cpuUsage(begin);
  assert.ok(findings.length < 3_000, `${findings.length} findings`);
  return (user + system) / 1_000;
}

for (const [name, make] of Object.entries(HOSTILE)) {
  test(`${name}: three times the length takes about three times the time`, () => {
    const measured: string[] = [];
    // What grows too fast does so each time; a busy machine does not, nor one that tidies its memory.
    for (let attempt = 0; attempt < 5; attempt++) {
      const once = processorMs(make(30_000));
      const thrice = processorMs(make(90_000));
      if (thrice <= 4 * once + 150) return;
      measured.push(`${once} ms, then ${thrice} ms`);
    }
    assert.fail(measured.join('; '));
  });
}
