/** The real DVC, in one process that goes on: starting it takes longer than what it does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { peerPython } from './peers.js';

const SERVER = `
import json, os, shutil, sys, tempfile, traceback
site = tempfile.mkdtemp()
os.environ.update(DVC_SITE_CACHE_DIR=site, DVC_NO_ANALYTICS='1', DVC_GLOBAL_CONFIG_DIR=site, DVC_SYSTEM_CONFIG_DIR=site, SHELL='/bin/sh')
answers = os.fdopen(os.dup(1), 'w')
quiet = os.open(os.devnull, os.O_WRONLY)
os.dup2(quiet, 1)
os.dup2(quiet, 2)
from dvc.cli import main
for line in sys.stdin:
    asked = json.loads(line)
    os.chdir(asked['folder'])
    os.environ.update(asked['env'])
    printed = tempfile.TemporaryFile()
    os.dup2(printed.fileno(), 1)
    try:
        code = main(asked['args'])
        sys.stdout.flush()
        printed.seek(0)
        out = printed.read().decode()
    except BaseException:
        code, out = -1, traceback.format_exc()
    finally:
        os.dup2(quiet, 1)
        printed.close()
        os.chdir('/')
    print(json.dumps({'code': code, 'out': out}), file=answers, flush=True)
shutil.rmtree(site, ignore_errors=True)
`;

export interface Answer {
  readonly code: number;
  readonly out: string;
}

export class RealDvc {
  readonly #process: ChildProcess;
  readonly #waiting: { readonly answer: (answer: Answer) => void; readonly fail: (error: Error) => void }[] =
    [];

  constructor() {
    this.#process = spawn(peerPython('dvc'), ['-c', SERVER], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#process.stdout === null) throw new Error('no pipe');
    createInterface({ input: this.#process.stdout }).on('line', (line) =>
      this.#waiting.shift()?.answer(JSON.parse(line) as Answer),
    );
    this.#process.on('exit', (code, signal) => {
      for (const { fail } of this.#waiting) fail(new Error(`DVC has ended: ${String(code ?? signal)}`));
    });
  }

  run(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return new Promise((answer, fail) => {
      this.#waiting.push({ answer, fail });
      this.#process.stdin?.write(`${JSON.stringify({ folder, args, env })}\n`);
    });
  }

  close(): void {
    this.#process.stdin?.end();
  }
}
