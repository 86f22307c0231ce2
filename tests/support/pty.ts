/** A command before a terminal of its own, and somebody who types: python3 opens the pseudo-terminal, Node can't. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** Generous: the machine may be busy. */
const PATIENCE_MS = 60_000;

/** Passes on what is typed and said; ends with the command's exit code, or 128 and its signal. Its own end of input hangs up. */
const DRIVER = `
import fcntl, os, pty, select, struct, sys, termios
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 100, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
open_ = True
while open_:
    ready, _, _ = select.select([0, master], [], [])
    if master in ready:
        try:
            said = os.read(master, 65536)
        except OSError:
            said = b''
        open_ = said != b''
        os.write(1, said)
    if 0 in ready:
        typed = os.read(0, 4096)
        if typed:
            os.write(master, typed)
        else:
            os.close(master)
            open_ = False
_, status = os.waitpid(pid, 0)
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
`;

// eslint-disable-next-line no-control-regex -- terminal escapes are control characters
const ESCAPES = /\u001b\[[0-?]*[ -/]*[@-~]/g;

export class Terminal {
  readonly #child: ChildProcess;
  #said = '';
  /** How much of what was said has been waited for. */
  #heard = 0;
  readonly #ended: Promise<number | null>;

  /** @param command the program and its arguments */
  constructor(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env) {
    const child = spawn('python3', ['-c', DRIVER, ...command], {
      cwd,
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
  }

  /** All that was said so far, without colours and movements of the cursor. */
  get text(): string {
    return this.#said.replaceAll(ESCAPES, '').replaceAll('\r', '');
  }

  /** Waits until something new is said. */
  async hears(words: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!this.text.includes(words, this.#heard)) {
      if (Date.now() > deadline) throw new Error(`waited in vain for “${words}”:\n${this.text}`);
      await pause(15);
    }
    this.#heard = this.text.indexOf(words, this.#heard) + words.length;
  }

  /** Types a line and presses Enter. */
  types(line: string): void {
    this.keys(`${line}\r`);
  }

  keys(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Closes the window. */
  close(): void {
    this.#child.stdin?.end();
  }

  /** The exit code, or 128 and the signal; fails when it does not end. */
  async ends(): Promise<number | null> {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => {
        this.#child.kill('SIGKILL');
        reject(new Error(`it does not end:\n${this.text}`));
      }, PATIENCE_MS).unref();
    });
    return Promise.race([this.#ended, late]);
  }
}
