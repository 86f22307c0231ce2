// Finds a browser for the editor tests: a Chrome or Chromium that is there, else a headless Chromium from npm.
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { cacheFolder, download } from './vscode-install.mjs';
import { withLock } from './lock.mjs';
import { must } from './run.mjs';

/** Chromium 147, built to need nothing but libc once its own libraries are unpacked beside it. 68 MB, Linux x64. */
const PACKAGE = '@sparticuz/chromium@147.0.0';

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
];

const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A wrapper script that says "install me with snap" is on the PATH of some machines: so it has to answer. */
function answers(file) {
  if (process.platform !== 'linux') return true;
  try {
    return /\d+\.\d+/.test(
      execFileSync(file, ['--version'], { encoding: 'utf8', timeout: 20_000, stdio: 'pipe' }),
    );
  } catch {
    return false;
  }
}

function installedBrowser() {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return [...onPath, ...PLACES].find((file) => isProgram(file) && answers(file));
}

const unpack = (from, to) =>
  pipeline(createReadStream(from), zlib.createBrotliDecompress(), createWriteStream(to));

async function unpackTar(archive, folder) {
  const tar = `${archive}.tar`;
  await unpack(archive, tar);
  mkdirSync(folder, { recursive: true });
  await must('tar', ['xf', tar, '-C', folder]);
}

/** For a machine without fontconfig: the fonts that came along, and whatever lies where fonts usually lie. */
const fontConfiguration = (folder) => `<?xml version="1.0"?>
<fontconfig>
  <dir>${folder}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${folder}/cache</cachedir>
</fontconfig>
`;

async function browserFromNpm() {
  const folder = path.join(cacheFolder, 'chromium-147');
  const executablePath = path.join(folder, 'chromium');
  const found = {
    executablePath,
    env: {
      LD_LIBRARY_PATH: path.join(folder, 'lib'),
      ...(existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_FILE: path.join(folder, 'fonts.conf') }),
    },
  };
  const complete = path.join(folder, '.complete');
  if (existsSync(complete)) return found;
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(complete)) return found;
    const start = performance.now();
    console.log('no Chrome or Chromium on this machine: installing a headless one from npm');
    const staging = `${folder}.partial`;
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true });
    const tarball = await download(PACKAGE);
    await must('tar', ['xzf', tarball, '-C', staging, '--strip-components=2', 'package/bin']);
    await Promise.all([
      unpack(path.join(staging, 'chromium.br'), path.join(staging, 'chromium')),
      unpackTar(path.join(staging, 'al2023.tar.br'), staging),
      unpackTar(path.join(staging, 'fonts.tar.br'), staging),
      unpackTar(path.join(staging, 'swiftshader.tar.br'), staging),
    ]);
    for (const name of ['chromium', 'al2023', 'fonts', 'swiftshader'])
      for (const rest of ['.br', '.tar.br', '.tar.br.tar'])
        rmSync(path.join(staging, name + rest), { force: true });
    chmodSync(path.join(staging, 'chromium'), 0o755);
    writeFileSync(path.join(staging, 'fonts.conf'), fontConfiguration(path.join(folder, 'fonts')));
    rmSync(folder, { recursive: true, force: true });
    renameSync(staging, folder);
    rmSync(tarball);
    writeFileSync(complete, '');
    console.log(`installed Chromium in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    return found;
  });
}

/**
 * Answers `{ executablePath, env }` for playwright's `launch`. `MODELYARD_BROWSER` names one to use, or `npm` to take the
 * one from npm even where another is installed.
 */
export async function findBrowser() {
  const wanted = process.env.MODELYARD_BROWSER;
  if (wanted && wanted !== 'npm') return { executablePath: wanted, env: {} };
  const installed = wanted === 'npm' ? undefined : installedBrowser();
  if (installed) return { executablePath: installed, env: {} };
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('no browser found: install Chrome or Chromium, or name one in MODELYARD_BROWSER');
  return browserFromNpm();
}

/** What playwright's `chromium.launch` takes: works as root, in a container, without a screen and without a network. */
export async function launchOptions() {
  const { executablePath, env } = await findBrowser();
  return {
    executablePath,
    env: { ...process.env, ...env },
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  };
}
