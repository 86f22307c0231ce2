/** Python programs from outside that know the truth: pandas, scipy, PyYAML, real application servers. */
import { spawnSync } from 'node:child_process';

let python: string | undefined;

/**
 * The interpreter of an environment that holds `tests/peers/requirements.txt`; installed by the first who asks.
 * @throws where it can't be installed, with pip's words
 */
export function peerPython(): string {
  if (python !== undefined) return python;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/peers.mjs'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return (python = stdout.trim());
}

/** Runs a script of Python with `input` as JSON on its standard input, and gives what it prints, read as JSON. */
export function askPeer(script: string, input: unknown): unknown {
  const { status, stdout, stderr } = spawnSync(peerPython(), ['-c', script], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`the peer ended with ${String(status)}: ${stderr}`);
  return JSON.parse(stdout);
}
