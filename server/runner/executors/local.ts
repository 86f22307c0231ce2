/** Tasks as processes of this machine. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeError } from '../../stores/disk/problem.js';
import { OutputPipes, makeRunFolder, scriptsFolder } from './output-pipes.js';
import { Process } from './process.js';
import { findShell, missingShell, shellArguments } from '../execute/shells.js';
import { UsageSampler } from '../machine/usage.js';
import type { Execution, Executor, ExecutorJob } from './executor.js';

/** @param pipes a folder for the pipes that tasks print into, and beside it one for scripts; made when the first one needs it */
export function localExecutor(pipes: string): Executor {
  const sampler = new UsageSampler();
  const output = new OutputPipes(pipes);
  const folder = scriptsFolder(pipes);
  let scripts = 0;
  return {
    start(job: ExecutorJob): Execution {
      const { shell, text } = job.script;
      const env = { ...job.env.inherited, ...job.env.own };
      const program = findShell(shell, env);
      if (program === undefined) return notStarted(missingShell(shell));
      let file: string | undefined;
      let process: Process;
      try {
        const { args, env: extra } = shellArguments(shell, text, (content) => {
          // Fails where there is something of that name, whoever made it.
          if (scripts === 0) makeRunFolder(folder);
          file = path.join(folder, `script-${++scripts}${shell.extension}`);
          writeFileSync(file, content, { mode: 0o600, flag: 'wx' });
          return file;
        });
        const { cwd, graceMs, onOutput } = job;
        process = new Process({
          program,
          args,
          cwd,
          env: { ...env, ...extra },
          graceMs,
          onOutput,
          pipes: output,
        });
      } catch (error) {
        return notStarted(describeError(error));
      }
      const { pid } = process;
      if (pid !== undefined) sampler.add(pid);
      return {
        pid,
        done: process.done.then((result) => {
          if (file !== undefined) rmSync(file, { force: true });
          return { ...result, ...(pid === undefined ? {} : sampler.remove(pid)) };
        }),
        stop: () => process.stop(),
        kill: () => process.kill(),
      };
    },
    close: () => {
      output.close();
      if (scripts > 0) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function notStarted(error: string): Execution {
  return {
    pid: undefined,
    done: Promise.resolve({ error, leftBehind: false, outputHeld: false }),
    stop: () => undefined,
    kill: () => undefined,
  };
}
