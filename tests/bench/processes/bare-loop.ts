/**
 * The floor under any task runner that is written for Node: starts `sh -c` for each task of `tasks.json`, two at a time,
 * and hashes what goes in and out. No plan, no graph, no cache, no record.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CatTask } from '../workload.js';

const JOBS = 2;

const tasks = JSON.parse(readFileSync('tasks.json', 'utf8')) as CatTask[];
const begun = new Map<string, Promise<void>>();

function hash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function run({ input, output }: CatTask): Promise<void> {
  hash(input);
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `cat ${input} > ${output}`], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.resume();
    child.stderr.resume();
    child.once('error', reject);
    child.once('close', () => {
      hash(output);
      resolve();
    });
  });
}

let next = 0;
async function work(): Promise<void> {
  for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) {
    const one = task;
    const done = (begun.get(one.input) ?? Promise.resolve()).then(() => run(one));
    begun.set(one.output, done);
    await done;
  }
}

void Promise.all(Array.from({ length: JOBS }, work));
