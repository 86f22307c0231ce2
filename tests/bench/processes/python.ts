/** Programs of Python that ours is set beside, pinned, from PyPI, in an environment of their own. Only benchmarks use them. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PANDAS = ['pandas==3.1.1', 'pyarrow==26.0.1', 'numpy'];
const FEAST = ['feast==0.67.0'];

export interface FeaturePeers {
  /** A Python that has pandas. */
  readonly python: string;
  readonly script: string;
  /** A Python that has Feast; absent where it does not install. */
  readonly feast?: string;
  readonly feastScript: string;
}

/** Installs them once; later calls find them. */
export function installFeaturePeers(root: string): FeaturePeers {
  const folder = path.join(root, '.vscode-test', 'bench-python');
  const python = environment(path.join(folder, 'pandas'), PANDAS);
  if (python === undefined) throw new Error('pandas could not be installed from PyPI');
  const feast = environment(path.join(folder, 'feast'), FEAST);
  return {
    python,
    script: path.join(root, 'tests/bench/features-peer.py'),
    ...(feast === undefined ? {} : { feast }),
    feastScript: path.join(root, 'tests/bench/feast-peer.py'),
  };
}

function environment(folder: string, packages: readonly string[]): string | undefined {
  const python = path.join(folder, 'bin', 'python');
  const complete = path.join(folder, '.complete');
  if (existsSync(complete)) return python;
  mkdirSync(folder, { recursive: true });
  const made = spawnSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
  if (made.status !== 0) return undefined;
  const installed = spawnSync(python, ['-m', 'pip', 'install', '--quiet', ...packages], { stdio: 'inherit' });
  if (installed.status !== 0) return undefined;
  writeFileSync(complete, packages.join('\n'));
  return python;
}

export interface PythonTimes {
  /** Of the work itself, the best of its runs; Python's start and imports don't count. */
  readonly ms: number;
  readonly peakMb: number;
}

/** A script that prints `{"ms": …, "peak_mb": …}` as its last line. */
export function runPython(python: string, script: string, args: readonly string[]): PythonTimes {
  const result = spawnSync(python, [script, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status !== 0)
    throw new Error(`${script} ended with ${String(result.status)}: ${result.stderr.slice(-2000)}`);
  const last = result.stdout.trim().split('\n').at(-1) ?? '';
  const { ms, peak_mb: peakMb } = JSON.parse(last) as { ms: number; peak_mb: number };
  return { ms, peakMb };
}
