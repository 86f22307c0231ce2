/** Hostile definitions: reading and checking them ends, and takes in proportion to their length. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Project } from '../../../server/project/project.js';
import { HOSTILE } from '../../support/generated/hostile.js';

/** The least of a few tries: the machine may be busy, and memory may be tidied at any time. */
function processorMs(text: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3; attempt++) {
    const begin = process.cpuUsage();
    const project = new Project('/nowhere');
    project.update('x.pipeline.yaml', text);
    const findings = project.findings('x.pipeline.yaml');
    const { user, system } = process.cpuUsage(begin);
    assert.ok(findings.length < 3_000, `${findings.length} findings`);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}

for (const [name, make] of Object.entries(HOSTILE)) {
  test(`${name}: twice the length takes about twice the time`, () => {
    const measured: string[] = [];
    // What grows too fast does so each time; a busy machine does not.
    for (let attempt = 0; attempt < 5; attempt++) {
      const once = processorMs(make(12_000));
      const twice = processorMs(make(24_000));
      if (twice <= 2.6 * once + 150) return;
      measured.push(`${once} ms, then ${twice} ms`);
    }
    assert.fail(measured.join('; '));
  });
}
