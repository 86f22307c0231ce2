// Starts an installed VS Code server and says where a browser finds it.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { must } from './run.mjs';

/** User settings that keep everything away which is not ours: welcome pages, AI, updates, telemetry. */
export const QUIET_SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.editor.useModal': 'off',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'chat.disableAIFeatures': true,
  'chat.agentHost.enabled': false,
  'chat.commandCenter.enabled': false,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  'remote.autoForwardPorts': false,
  'terminal.integrated.gpuAcceleration': 'off',
  'terminal.integrated.enablePersistentSessions': false,
  'git.openRepositoryInParentFolders': 'never',
  'files.simpleDialog.enable': true,
  'editor.accessibilitySupport': 'off',
};

/** Makes the folders of one VS Code: its settings, and optionally an unpacked extension that is linked and not copied. */
export function prepareData(dataDir, { settings = {}, linkExtension } = {}) {
  const user = path.join(dataDir, 'data/User');
  mkdirSync(user, { recursive: true });
  mkdirSync(path.join(dataDir, 'ext'), { recursive: true });
  writeFileSync(
    path.join(user, 'settings.json'),
    JSON.stringify({ ...QUIET_SETTINGS, ...settings }, null, 2),
  );
  if (linkExtension) link(linkExtension, path.join(dataDir, 'ext'));
}

/** What an installation leaves behind, but with a link in the place of the unpacked files. */
function link(folder, extensions) {
  const { publisher, name, version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const id = `${publisher}.${name}`;
  const relativeLocation = `${id}-${version}`;
  const place = path.join(extensions, relativeLocation);
  symlinkSync(folder, place, 'dir');
  const location = { $mid: 1, path: pathToFileURL(place).pathname, scheme: 'file' };
  const entry = { identifier: { id }, version, location, relativeLocation, metadata: { source: 'vsix' } };
  writeFileSync(path.join(extensions, 'extensions.json'), JSON.stringify([entry]));
}

const folders = (dataDir) => ['--server-data-dir', dataDir, '--extensions-dir', path.join(dataDir, 'ext')];

/** An environment in which VS Code asks no marketplace, and nothing of an editor that we may be running in leaks in. */
function environment(extra) {
  const env = { ...process.env, EXTENSIONS_GALLERY: '{}', ...extra };
  for (const name of Object.keys(env))
    if (/^(VSCODE_|ELECTRON_|NODE_OPTIONS$|NODE_TEST_)/.test(name)) delete env[name];
  return env;
}

/** Installs a packaged extension. */
export async function installExtension(server, dataDir, vsix) {
  await must(server.node, [server.main, ...folders(dataDir), '--install-extension', vsix], {
    env: environment({}),
  });
}

/**
 * Starts the server on a free port of the loopback interface; answers `{ port, log(), url(folder, options), stop() }`.
 * `smoke` lets a page name an extension and tests to load (and silences notifications); without `trusted`, each new
 * browser profile starts in an untrusted workspace.
 */
export async function startServer(server, { dataDir, smoke = false, trusted = true, port = 0, env = {} }) {
  const child = spawn(
    server.node,
    [
      server.main,
      ...['--host', '127.0.0.1', '--port', String(port)],
      ...['--without-connection-token', '--accept-server-license-terms', '--disable-telemetry'],
      ...(smoke ? ['--enable-smoke-test-driver'] : []),
      ...(trusted ? ['--disable-workspace-trust'] : []),
      ...folders(dataDir),
    ],
    { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32' },
  );
  let log = '';
  let ended = false;
  const kill = (signal) => {
    if (ended) return;
    try {
      if (process.platform === 'win32') child.kill(signal);
      else process.kill(-child.pid, signal);
    } catch {
      // It is gone already.
    }
  };
  const atExit = () => kill('SIGKILL');
  process.once('exit', atExit);
  const closed = new Promise((resolve) => child.once('close', resolve)).then(() => {
    ended = true;
    process.removeListener('exit', atExit);
  });
  const listening = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`VS Code did not start within 180 s\n${log}`)), 180_000);
    const read = (text) => {
      log += text;
      const found = /listening on (\d+)/.exec(log);
      if (!found) return;
      clearTimeout(timer);
      resolve(Number(found[1]));
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', reject);
    void closed.then(() => reject(new Error(`VS Code ended while starting\n${log}`)));
  });
  return {
    port: listening,
    log: () => log,
    url(folder, payload = []) {
      const address = `http://127.0.0.1:${listening}/?folder=${encodeURI(folder)}`;
      return payload.length === 0
        ? address
        : `${address}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
    },
    /** How a page's payload names a folder on this machine. */
    remote: (place) => `vscode-remote://127.0.0.1:${listening}${place}`,
    async stop() {
      kill('SIGTERM');
      const timer = setTimeout(() => kill('SIGKILL'), 3000);
      await closed;
      clearTimeout(timer);
    },
  };
}
