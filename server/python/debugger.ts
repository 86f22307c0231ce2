/**
 * The Python of a task under a debugger: debugpy in the process itself, which waits for whoever speaks the Debug Adapter Protocol.
 * It is put in as the hook that notes files is, so that commands stay as they are written: `python x.py`, `-m`, `pytest`, `torchrun`.
 */
import { type WaitingPython, waitingIn } from '../base/runs/waiting-python.js';
import { smallText } from './python.js';
import { packagesOf } from './packages.js';
import type { Choice } from './choose.js';
import { wayOut } from './missing.js';

/** Where a process says that it waits, and where debugpy is if the interpreter has none of its own. */
export interface DebugSettings {
  /** A line of JSON a process; absent: a file of the run. Absolute. */
  readonly file?: string;
  /** The folder that holds the package `debugpy`, of an editor's extension. Absolute. */
  readonly debugpy?: string;
}

/** For editors: they read the file, and bring a debugpy along. */
export function debugSettings(environment: Readonly<Record<string, string | undefined>>): DebugSettings {
  const { MODELYARD_DEBUG_FILE: file, MODELYARD_DEBUGPY: debugpy } = environment;
  return {
    ...(file === undefined || file === '' ? {} : { file }),
    ...(debugpy === undefined || debugpy === '' ? {} : { debugpy }),
  };
}

/** Why an interpreter can't be debugged, with the way out. */
export function debugProblem(choice: Choice, settings: DebugSettings, root: string): string | undefined {
  if (settings.debugpy !== undefined || Object.hasOwn(packagesOf(choice.python), 'debugpy')) return undefined;
  return `it can't be debugged: ${wayOut('debugpy', choice, root).message}`;
}

/** Behind all that is done before a script begins. Children that Python starts are debugged by debugpy itself. */
export const DEBUG_HOOK = `
def _debug():
    target = os.environ.get("MODELYARD_DEBUG_FILE")
    folder = os.environ.get("MODELYARD_DEBUGPY")
    if not target or sys.version_info < (3, 8):
        return
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    try:
        import debugpy
    except ImportError:
        # Another Python than that of the task, as that of a tool which starts it.
        if not folder:
            return
        sys.path.insert(0, folder)
        try:
            import debugpy
        finally:
            sys.path.remove(folder)
    del os.environ["MODELYARD_DEBUG_FILE"]
    host, port = debugpy.listen(("127.0.0.1", 0))
    import json

    told = {"host": host, "port": port, "pid": os.getpid(), "argv": getattr(sys, "orig_argv", sys.argv)}
    with open(target, "a") as out:
        out.write(json.dumps(told) + "\\n")
    debugpy.wait_for_client()


def _begin():
    try:
        _debug()
    except Exception as error:
        sys.stderr.write("Modelyard: the debugger does not start: %s\\n" % (error,))


def _later(frame, event, arg):
    code = frame.f_code
    if frame.f_back is not None or not (code.co_name == "<module>" or code.co_name.startswith("_run_module")):
        return None
    sys.settrace(None)
    _begin()
    trace = sys.gettrace()
    return None if trace is None else trace(frame, event, arg)


if os.environ.get("MODELYARD_DEBUG_FILE"):
    # Before 3.12 debugpy knows what is uncaught only when it begins in the outermost frame.
    if sys.version_info >= (3, 12):
        _begin()
    else:
        sys.settrace(_later)
`;

/** Those that have waited so far, in their order. */
export function waitingPythons(file: string): readonly WaitingPython[] {
  return waitingIn(smallText(file) ?? '');
}
