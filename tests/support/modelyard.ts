/** The real command line beside a language server that runs. */
import { spawn } from 'node:child_process';
import { builtBundle } from './lsp-client.js';

/** Runs `modelyard` in a folder to its end. */
export async function modelyard(
  cwd: string,
  ...args: string[]
): Promise<{ code: number | null; output: string }> {
  const cli = await builtBundle('cli.js');
  const child = spawn(process.execPath, [cli, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}
