/**
 * Which files of the project the Python of a task opens. Python's own audit hook tells, put in by a `sitecustomize` that comes
 * first on `PYTHONPATH` and hands on to the next one. Nothing of the script's is changed, and what goes wrong here is silent.
 */
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { OpenedFiles } from '../base/runs/task-outcome.js';
import { DEBUG_HOOK } from './debugger.js';

/** More than a person looks through. */
const MOST_FILES = 2_000;

/** What scripts open that belongs to Python, git or us. */
const OTHERS =
  /(?:^|\/)(?:\.git|\.modelyard|\.venv|venv|\.pixi|site-packages|node_modules|\.ipynb_checkpoints)(?:\/|$)/;

/**
 * The hook does as little as can be while the script runs: it remembers what was opened, and looks at it at the end. What
 * leaves without an end (`fork` in multiprocessing, `exec`) writes at once, or before. Written so that Python 2 can read it.
 */
const HOOK = `"""Notes which files of the project are opened (Modelyard, docs/how-to/train/python.md)."""
import os
import sys


def _note():
    target = os.environ.get("MODELYARD_OPENED_FILES")
    root = os.environ.get("MODELYARD_PROJECT")
    if not target or not root or not hasattr(sys, "addaudithook"):
        return
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    try:
        out = os.open(target, flags, 0o600)
    except OSError:
        return
    roots = tuple({root + os.sep, os.path.realpath(root) + os.sep})
    pending = set()
    add = pending.add
    known = set()
    forked = []
    plain = os.sep == "/"

    def flush():
        try:
            try:
                here = os.path.join(os.getcwd(), "")
            except OSError:
                here = None
            found = []
            while pending:
                name, _, flags = pending.pop()
                if isinstance(name, bytes) or hasattr(name, "__fspath__"):
                    name = os.fsdecode(name)
                if not isinstance(name, str):
                    continue
                if not os.path.isabs(name):
                    if here is None:
                        continue
                    name = here + name
                # Slow, and seldom needed.
                if not plain or "/." in name or "//" in name:
                    name = os.path.normpath(name)
                for one in roots:
                    if name.startswith(one):
                        entry = "rwbb"[flags & 3] + name[len(one):]
                        if entry not in known:
                            known.add(entry)
                            found.append(entry + "\\0")
                        break
            if found:
                data = "".join(found).encode("utf-8", "surrogateescape")
                while data:
                    data = data[os.write(out, data):]
        except Exception:
            pass

    def hook(event, args):
        if event == "open":
            try:
                add(args)
            except TypeError:
                return
            if forked:
                flush()
        elif event == "os.chdir" or event == "os.exec":
            flush()

    import atexit

    atexit.register(flush)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=flush, after_in_child=lambda: forked.append(1))
    sys.addaudithook(hook)


def _hand_on():
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [one for one in sys.path if not one or os.path.abspath(one) != here]
    try:
        from importlib.machinery import PathFinder
        from importlib._bootstrap import module_from_spec
    except ImportError:
        return
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


try:
    _note()
except Exception:
    pass
_hand_on()
`;

/** What the hook is to do. */
export interface Hooks {
  /** The file to which what is opened is written. Absolute. */
  readonly opened?: string;
  /** The file in which a process says that it waits for a debugger. Absolute. */
  readonly debug?: string;
}

/**
 * Variables with which the Python of a task writes down what it opens, or waits for a debugger.
 *
 * @param folder where the hook is put; made when it is needed. Absolute
 * @param pythonPath that the task has otherwise
 */
export function hookVariables(
  folder: string,
  { opened, debug }: Hooks,
  pythonPath: string | undefined,
): Record<string, string> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'sitecustomize.py'), debug === undefined ? HOOK : HOOK + DEBUG_HOOK);
  const rest = pythonPath === undefined || pythonPath === '' ? [] : [pythonPath];
  return {
    PYTHONPATH: [folder, ...rest].join(path.delimiter),
    ...(opened === undefined ? {} : { MODELYARD_OPENED_FILES: opened }),
    ...(debug === undefined ? {} : { MODELYARD_DEBUG_FILE: debug }),
  };
}

/** What was written down; nothing where no Python did. @param root absolute, of the project */
export function readOpenedFiles(file: string, root: string): OpenedFiles | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const read = new Set<string>();
  const written = new Set<string>();
  for (const entry of text.split('\0')) {
    if (entry === '') continue;
    const name = sourceOf(entry.slice(1).split(path.sep).join('/'));
    if (name === undefined || OTHERS.test(name) || !isFile(path.join(root, name))) continue;
    if (!entry.startsWith('w')) read.add(name);
    if (!entry.startsWith('r')) written.add(name);
  }
  const more = Math.max(0, read.size - MOST_FILES) + Math.max(0, written.size - MOST_FILES);
  const few = (all: ReadonlySet<string>): string[] => [...all].sort().slice(0, MOST_FILES);
  return { read: few(read), written: few(written), ...(more === 0 ? {} : { more }) };
}

const CACHE = '__pycache__';

/** Of a module the compiled form is opened, and its source only where that is new. */
function sourceOf(name: string): string | undefined {
  const [file = '', folder, ...above] = name.split('/').reverse();
  if (folder !== CACHE) return name;
  const [module = ''] = file.split('.');
  return file.endsWith('.pyc') ? [...above.reverse(), `${module}.py`].join('/') : undefined;
}

/** What was opened may not have been there, and scratch files are gone. */
function isFile(target: string): boolean {
  return lstatSync(target, { throwIfNoEntry: false })?.isFile() === true;
}
