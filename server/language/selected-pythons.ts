/** The interpreters that are selected in the editor, and what a pipeline's tasks find with them. */
import type { PipelineDefinition, Project } from '../project/project.js';
import type { PythonStatus } from '../protocol/index.js';
import { EDITOR_VARIABLE } from '../python/choose.js';
import { TaskPythons } from '../runner/python/task-python.js';

export class SelectedPythons {
  readonly #paths = new Map<string, string>();

  /** @returns whether it is another one */
  select(root: string, path: string): boolean {
    if ((this.#paths.get(root) ?? '') === path) return false;
    if (path === '') this.#paths.delete(root);
    else this.#paths.set(root, path);
    return true;
  }

  /** As a run has it that the editor starts. */
  environment(root: string): NodeJS.ProcessEnv {
    const path = this.#paths.get(root);
    return path === undefined ? process.env : { ...process.env, [EDITOR_VARIABLE]: path };
  }

  /** For the status bar; nothing where no task of the pipeline uses Python. */
  status(project: Project, { pipeline }: PipelineDefinition): PythonStatus | undefined {
    const pythons = new TaskPythons(project.root, pipeline, project.settings, this.environment(project.root));
    const told = new Map<string, PythonStatus>();
    for (const task of pipeline.tasks) {
      const { uses, choice, problem } = pythons.of(task);
      if (problem !== undefined) return { text: 'Python ?', detail: problem.message, problem: true };
      if (!uses || choice === undefined) continue;
      const { version } = choice.python;
      const text = `Python ${version === undefined ? '' : `${version} `}(${choice.name})`;
      told.set(text, { text, detail: choice.python.path, problem: false });
    }
    const [first, ...others] = told.values();
    if (first === undefined || others.length === 0) return first;
    const detail = [first, ...others].map((one) => `${one.text}: ${one.detail}`).join('\n');
    return { text: `${told.size} Pythons`, detail, problem: false };
  }
}
