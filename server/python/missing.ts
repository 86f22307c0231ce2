/** A module that a task's program did not find: which package it is of, and what brings it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { MissingModule } from '../base/runs/task-outcome.js';
import { quoteWord } from '../definition/shell/shell.js';
import type { Choice } from './choose.js';

/** Modules whose package has another name. */
const PACKAGES: Readonly<Record<string, string>> = {
  Crypto: 'pycryptodome',
  OpenSSL: 'pyopenssl',
  PIL: 'pillow',
  attr: 'attrs',
  bs4: 'beautifulsoup4',
  cv2: 'opencv-python',
  dateutil: 'python-dateutil',
  docx: 'python-docx',
  dotenv: 'python-dotenv',
  faiss: 'faiss-cpu',
  fitz: 'pymupdf',
  git: 'gitpython',
  google: 'google-cloud',
  imblearn: 'imbalanced-learn',
  jose: 'python-jose',
  jwt: 'pyjwt',
  lightning_fabric: 'lightning',
  magic: 'python-magic',
  mpl_toolkits: 'matplotlib',
  pkg_resources: 'setuptools',
  psycopg2: 'psycopg2-binary',
  pylab: 'matplotlib',
  pytorch_lightning: 'pytorch-lightning',
  serial: 'pyserial',
  skimage: 'scikit-image',
  sklearn: 'scikit-learn',
  skopt: 'scikit-optimize',
  tensorboard: 'tensorboard',
  umap: 'umap-learn',
  win32api: 'pywin32',
  yaml: 'pyyaml',
  zmq: 'pyzmq',
};

/** What people install for an import. */
export function packageOf(module: string): string {
  const [first = module] = module.split('.');
  return (Object.hasOwn(PACKAGES, first) ? PACKAGES[first] : undefined) ?? first.replaceAll('_', '-');
}

/** How Python says why it ends: an exception, also as pytest prints it, or the interpreter's own words. */
const REASON = /^(?:E {1,8})?[\w.]*(?:Error|Exception|Interrupt|Exit)(?::|$)|python[\d.]*(?:\.exe)?: /;
const MISSING = /(?:Error|python[\d.]*(?:\.exe)?): No module named '?([A-Za-z_][\w.]*)'?(.*)$/;

/** The module that was not found, where that is the last reason in a log: of what programs do without, they tell, too. */
export function missingIn(log: string): string | undefined {
  const reason = log.split(/\r?\n/).findLast((line) => REASON.test(line)) ?? '';
  const [, module, rest = ''] = MISSING.exec(reason) ?? [];
  // `; 'rain' is not a package`: something of that name is there.
  return rest.startsWith(';') ? undefined : module;
}

/** What to do about it, in words, and for whoever offers it as a button where a package is missing. */
export function wayOut(
  module: string,
  { python, name }: Choice,
  root: string,
): { readonly message: string; readonly missing?: MissingModule } {
  const [first = module] = module.split('.');
  const own = ['', 'src'].find(
    (folder) =>
      existsSync(path.join(root, folder, `${first}.py`)) || existsSync(path.join(root, folder, first)),
  );
  if (own !== undefined) {
    const where = own === '' ? 'the project' : `${own}/`;
    const message = `${module} is a module of ${where}, where Python did not look: set \`env: { PYTHONPATH: ${own === '' ? '.' : own} }\`, or run it with \`python -m\``;
    return { message };
  }
  const wanted = packageOf(module);
  const install = installCommand(wanted, python, name, root);
  const message = `${wanted} is not in ${name}. Install it: ${install}; or choose another interpreter with \`python:\``;
  return { message, missing: { module, package: wanted, python: name, install } };
}

/** By the tool that keeps the environment. */
function installCommand(wanted: string, python: Choice['python'], name: string, root: string): string {
  const has = (file: string): boolean => existsSync(path.join(root, file));
  const own = python.prefix !== undefined && path.dirname(python.prefix) === root;
  if (python.kind === 'conda' && python.prefix !== undefined) {
    return path.dirname(path.dirname(python.prefix)) === path.join(root, '.pixi')
      ? `pixi add ${wanted}`
      : `conda install -p ${quoteWord(python.prefix)} ${wanted}`;
  }
  if (name === 'poetry' || (own && has('poetry.lock'))) return `poetry add ${wanted}`;
  if (name === 'uv' || (own && has('uv.lock'))) return `uv add ${wanted}`;
  const relative = path.relative(root, python.path).split(path.sep).join('/');
  const program = relative.startsWith('..') || path.isAbsolute(relative) ? python.path : relative;
  return `${quoteWord(program)} -m pip install ${wanted}`;
}
