/** The program that executes a notebook in the environment of its task: by `nbclient`, with params as Papermill puts them in. */
import { jsonText } from '../../../base/json.js';
import type { Json } from '../../../definition/definition.js';

export interface NotebookRun {
  /** Relative to the project, as is `output`. */
  readonly notebook: string;
  readonly output: string;
  readonly params: Readonly<Record<string, Json>>;
  /** Of a kernel that is installed; absent: the Python of the task. */
  readonly kernel?: string;
}

const PROGRAM = `"""Executes a notebook with a kernel of this environment (Modelyard, docs/how-to/train/python.md)."""
import importlib.util
import json
import os
import sys

missing = [name for name in ("nbclient", "ipykernel") if importlib.util.find_spec(name) is None]
if missing:
    print(
        "A notebook is executed by nbclient, which papermill brings along, and ipykernel. Not installed in "
        + sys.prefix + ": " + ", ".join(missing),
        file=sys.stderr,
    )
    raise ModuleNotFoundError("No module named " + repr(missing[0]), name=missing[0])

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

ROOT = os.environ.get("MODELYARD_PROJECT", os.getcwd())


def tags(cell):
    return cell.metadata.get("tags", [])


def with_params(notebook, values):
    """After the cell with the tag parameters; in the place of one that was injected before; or first."""
    if not values:
        return
    lines = [name + " = " + repr(value) for name, value in values.items()]
    cell = nbformat.v4.new_code_cell("\\n".join(["# Parameters", *lines]), metadata={"tags": ["injected-parameters"]})
    if notebook.nbformat_minor < 5:
        cell.pop("id", None)
    cells = notebook.cells
    for at, one in enumerate(cells):
        if "injected-parameters" in tags(one):
            cells[at] = cell
            return
    found = [at for at, one in enumerate(cells) if "parameters" in tags(one)]
    cells.insert(found[0] + 1 if found else 0, cell)


class Client(NotebookClient):
    """Shows what cells print while they run."""

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] == "stream":
            content = msg["content"]
            stream = sys.stderr if content["name"] == "stderr" else sys.stdout
            stream.write(content["text"])
            stream.flush()
        return super().process_message(msg, cell, cell_index)


def main():
    notebook = nbformat.read(os.path.join(ROOT, TASK["notebook"]), as_version=4)
    with_params(notebook, TASK["params"])
    # A kernel that is ended before it has written down what it opened leaves inputs out.
    settings = Config({"KernelManager": {"shutdown_wait_time": 60.0}})
    options = {"kernel_name": TASK.get("kernel", "python3"), "timeout": None, "config": settings}
    client = Client(notebook, resources={"metadata": {"path": os.getcwd()}}, **options)
    target = os.path.join(ROOT, TASK["output"])
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        client.execute()
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    finally:
        nbformat.write(notebook, target)


main()
`;

/** Its text; values are JSON in a literal of Python, which JSON's own texts are. */
export function notebookProgram(run: NotebookRun): string {
  const task = jsonText(jsonText({ ...run }));
  return PROGRAM.replace('\nROOT = ', () => `\nTASK = json.loads(${task})\nROOT = `);
}
