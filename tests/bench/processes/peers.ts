/** The programs that ours is set beside, pinned, from npm, in a folder of their own. `make` comes from the machine. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PINS = {
  autocannon: '8.0.0',
  turbo: '2.11.11',
  wireit: '0.14.13',
  'yaml-language-server': '2.0.0',
};

export interface Peers {
  /** The folder whose `node_modules` holds them. */
  readonly modules: string;
  /** The program's script. */
  readonly autocannon: string;
  readonly turbo: string;
  readonly wireit: string;
  readonly yamlLanguageServer: string;
  readonly make: boolean;
}

/** Installs the peers once; later calls find them. */
export function installPeers(root: string): Peers {
  const folder = path.join(root, '.vscode-test', 'bench-peers');
  const modules = path.join(folder, 'node_modules');
  const marker = path.join(folder, 'package.json');
  const manifest = JSON.stringify({ name: 'bench-peers', private: true, dependencies: PINS });
  const complete = path.join(modules, '.complete');
  // With other pins than the last time they are installed again.
  if (!existsSync(complete) || readFileSync(complete, 'utf8') !== manifest) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(marker, manifest);
    const result = spawnSync(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
      {
        cwd: folder,
        stdio: 'inherit',
      },
    );
    if (result.status !== 0) throw new Error('the peers could not be installed from npm');
    writeFileSync(complete, manifest);
  }
  return {
    modules,
    autocannon: path.join(modules, 'autocannon', 'autocannon.js'),
    turbo: path.join(modules, '.bin', 'turbo'),
    wireit: path.join(modules, '.bin', 'wireit'),
    yamlLanguageServer: path.join(modules, 'yaml-language-server', 'bin', 'yaml-language-server'),
    make: spawnSync('make', ['--version'], { stdio: 'ignore' }).status === 0,
  };
}
