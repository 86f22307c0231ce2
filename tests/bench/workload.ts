/** The workloads, written for ours and for each peer so that all of them do the same thing. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A chained pipeline of 8 lines a task. */
export function chainedPipeline(tasks: number): string {
  const lines = ['name: big', 'kind: model-build', 'params:', '  epochs: 200', 'tasks:'];
  for (let i = 0; i < tasks; i++) {
    lines.push(
      `  t${i}:`,
      `    description: step ${i} of the chain`,
      `    run: train --from data/${i}.txt --to data/${i + 1}.txt --epochs \${{ params.epochs }}`,
      '    inputs:',
      `      - data/${i}.txt`,
      '    outputs:',
      `      out: data/${i + 1}.txt`,
      '    timeout: 30m',
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The same size and shape as a workflow that any YAML language server knows: what the peer is given where ours has a schema. */
export interface CatTask {
  readonly name: string;
  readonly input: string;
  readonly output: string;
}

export const independentTasks = (count: number): CatTask[] =>
  Array.from({ length: count }, (_, i) => ({ name: `t${i}`, input: `in/${i}.txt`, output: `out/${i}.txt` }));

export const chainOfTasks = (count: number): CatTask[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `t${i}`,
    input: i === 0 ? 'in/0.txt' : `out/${i - 1}.txt`,
    output: `out/${i}.txt`,
  }));

function writeInputs(folder: string, tasks: readonly CatTask[]): void {
  mkdirSync(path.join(folder, 'in'), { recursive: true });
  mkdirSync(path.join(folder, 'out'), { recursive: true });
  for (const task of tasks) {
    if (task.input.startsWith('in/'))
      writeFileSync(path.join(folder, task.input), `content of ${task.input}\n`);
  }
}

const producerOf = (tasks: readonly CatTask[], task: CatTask): CatTask | undefined =>
  tasks.find((other) => other.output === task.input);

export function writeModelyard(folder: string, tasks: readonly CatTask[]): void {
  writeInputs(folder, tasks);
  writeFileSync(path.join(folder, 'modelyard.yaml'), 'name: bench\n');
  const lines = ['name: bench', 'tasks:'];
  for (const { name, input, output } of tasks) {
    lines.push(
      `  ${name}:`,
      `    run: cat ${input} > ${output}`,
      `    inputs: [${input}]`,
      '    outputs:',
      `      out: ${output}`,
    );
  }
  writeFileSync(path.join(folder, 'bench.pipeline.yaml'), `${lines.join('\n')}\n`);
}

/** For `bare-loop.ts`. */
export function writeTaskList(folder: string, tasks: readonly CatTask[]): void {
  writeInputs(folder, tasks);
  writeFileSync(path.join(folder, 'tasks.json'), JSON.stringify(tasks));
}

export function writeMake(folder: string, tasks: readonly CatTask[]): void {
  writeInputs(folder, tasks);
  const rules = tasks.map(({ input, output }) => `${output}: ${input}\n\t@cat ${input} > ${output}\n`);
  writeFileSync(
    path.join(folder, 'Makefile'),
    `all: ${tasks.map((task) => task.output).join(' ')}\n${rules.join('')}`,
  );
}

export function writeTurbo(folder: string, tasks: readonly CatTask[]): void {
  writeInputs(folder, tasks);
  const scripts = Object.fromEntries(tasks.map((task) => [task.name, `cat ${task.input} > ${task.output}`]));
  const turbo = Object.fromEntries(
    tasks.map((task) => {
      const before = producerOf(tasks, task);
      return [
        task.name,
        {
          inputs: [task.input],
          outputs: [task.output],
          dependsOn: before === undefined ? [] : [before.name],
        },
      ];
    }),
  );
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'bench', version: '1.0.0', private: true, packageManager: 'npm@10.0.0', scripts }),
  );
  writeFileSync(
    path.join(folder, 'package-lock.json'),
    JSON.stringify({
      name: 'bench',
      version: '1.0.0',
      lockfileVersion: 3,
      requires: true,
      packages: { '': { name: 'bench', version: '1.0.0' } },
    }),
  );
  writeFileSync(path.join(folder, 'turbo.json'), JSON.stringify({ ui: 'stream', tasks: turbo }));
  writeFileSync(path.join(folder, '.gitignore'), '.turbo\nout\nnode_modules\n');
}

export function writeWireit(folder: string, tasks: readonly CatTask[]): void {
  writeInputs(folder, tasks);
  const scripts = Object.fromEntries([
    ['all', 'wireit'],
    ...tasks.map((task) => [task.name, 'wireit']),
  ]) as Record<string, string>;
  const wireit: Record<string, unknown> = { all: { dependencies: tasks.map((task) => task.name) } };
  for (const task of tasks) {
    const before = producerOf(tasks, task);
    wireit[task.name] = {
      command: `cat ${task.input} > ${task.output}`,
      files: before === undefined ? [task.input] : [],
      output: [task.output],
      dependencies: before === undefined ? [] : [before.name],
    };
  }
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'bench', version: '1.0.0', scripts, wireit }),
  );
}
