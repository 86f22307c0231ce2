/** Python programs from outside that know the truth: pandas, scipy, PyYAML, real application servers. */
import { spawnSync } from 'node:child_process';

const installed = new Map<PeerSet, string>();

/** DVC and MLflow have so many dependencies of their own that each gets an environment of its own. */
export type PeerSet = 'peers' | 'dvc' | 'debugpy' | MlflowSet;

/** The client, that of the line before, and the whole MLflow with its stores and its server. */
export type MlflowSet = 'mlflow' | 'mlflow-2' | 'mlflow-server';

/**
 * The interpreter of an environment that holds `tests/peers/requirements.txt`; installed by the first who asks.
 * @throws where it can't be installed, with pip's words
 */
export function peerPython(set: PeerSet = 'peers'): string {
  const known = installed.get(set);
  if (known !== undefined) return known;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/peers.mjs', set], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const python = stdout.trim();
  installed.set(set, python);
  return python;
}

/** Why tests against the real DVC have to be skipped; `false`: it is there. For `test(…, { skip })`. */
export function withoutDvc(): string | false {
  return without('dvc', 'DVC');
}

/** The same for the real debugpy. */
export function withoutDebugpy(): string | false {
  return without('debugpy', 'debugpy');
}

/** The same for the real MLflow. */
export function withoutMlflow(set: MlflowSet = 'mlflow'): string | false {
  return without(set, set === 'mlflow-server' ? 'MLflow' : 'the MLflow client');
}

function without(set: PeerSet, what: string): string | false {
  try {
    peerPython(set);
    return false;
  } catch (error) {
    return `${what} is not there: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Runs a script of Python with `input` as JSON on its standard input, and gives what it prints, read as JSON. */
export function askPeer(script: string, input: unknown, set: PeerSet = 'peers'): unknown {
  const { status, stdout, stderr } = spawnSync(peerPython(set), ['-c', script], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`the peer ended with ${String(status)}: ${stderr}`);
  return JSON.parse(stdout);
}
