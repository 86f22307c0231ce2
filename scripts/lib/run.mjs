// Starting other programs from scripts.
import { spawn } from 'node:child_process';

const inGroups = process.platform !== 'win32';

/** Ends a program and, where it leads a group of its own, everything that it has started. */
function end(child, group) {
  try {
    if (group) process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** How long output is waited for that a grandchild may still write after the program has ended. */
const LAST_WORDS_MS = 2000;

/**
 * Runs a program to its end and answers its exit code and what it printed.
 * `echo` also passes the output on as it comes; `timeoutMs` ends it and all that it has started (code 124).
 */
export function capture(program, args, { cwd, env, echo = false, timeoutMs = 0 } = {}) {
  return new Promise((resolve, reject) => {
    const group = inGroups && timeoutMs > 0;
    const child = spawn(program, args, {
      cwd,
      env: env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: !inGroups && program === 'npm',
      detached: group,
    });
    let stdout = '';
    let output = '';
    let timedOut = false;
    const kill = () => end(child, group);
    const stop = () => {
      kill();
      process.exit(130);
    };
    const timer =
      timeoutMs > 0
        ? setTimeout(() => {
            timedOut = true;
            output += `\nended after ${timeoutMs / 1000} s\n`;
            kill();
          }, timeoutMs)
        : undefined;
    // A group of its own does not hear the terminal's Ctrl-C.
    if (group) for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
    const done = (code) => {
      clearTimeout(timer);
      for (const signal of ['SIGINT', 'SIGTERM']) process.removeListener(signal, stop);
      resolve({ code: timedOut ? 124 : (code ?? 1), stdout, output });
    };
    child.stdout.setEncoding('utf8');
    child.stderr.setEncoding('utf8');
    child.stdout.on('data', (text) => {
      stdout += text;
      output += text;
      if (echo) process.stdout.write(text);
    });
    child.stderr.on('data', (text) => {
      output += text;
      if (echo) process.stderr.write(text);
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('exit', (code) => {
      // What was left behind holds the pipes open: nobody waits for it.
      const late = setTimeout(() => {
        if (group) kill();
        child.stdout.destroy();
        child.stderr.destroy();
      }, LAST_WORDS_MS);
      child.once('close', () => {
        clearTimeout(late);
        done(code);
      });
    });
  });
}

/** The same, but a failure is an error that carries the last lines of the output. */
export async function must(program, args, options) {
  const result = await capture(program, args, options);
  if (result.code !== 0) {
    const tail = result.output.trimEnd().split('\n').slice(-25).join('\n');
    throw new Error(`${program} ${args.join(' ')} ended with ${result.code}\n${tail}`);
  }
  return result;
}
