/** Output of jobs, read while they write it. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { GrowingFile } from '../../../server/runner/executors/slurm/jobs/growing-file.js';

test('a file that grows faster than it is read holds nobody up', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-growing-'));
  try {
    const file = path.join(root, 'out');
    appendFileSync(file, '0123456789');
    const growing = new GrowingFile(file, Buffer.alloc(4));
    const read = (most?: number): string => {
      let text = '';
      growing.read((chunk) => {
        text += chunk.toString();
        appendFileSync(file, 'more');
      }, most);
      return text;
    };
    assert.equal(read(6), '012345');
    assert.equal(read(), '6789moremore');
    assert.equal(read(), 'moremoremore');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('what could not be taken comes again', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-growing-'));
  try {
    const file = path.join(root, 'out');
    appendFileSync(file, 'abc');
    const growing = new GrowingFile(file);
    growing.read(() => {
      throw new Error('the disk is full');
    });
    let text = '';
    growing.read((chunk) => (text += chunk.toString()));
    growing.read((chunk) => (text += chunk.toString()));
    assert.equal(text, 'abc');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
