/** Tasks whose commands a shell reads. */
import type { Task, TemplateText } from '../../definition/definition.js';
import { scriptOf } from '../../definition/shell/shell.js';
import { type Shell, shellOfTask } from '../../definition/shell/shells.js';
import type { RuleContext } from '../rule.js';

export interface ShellTask {
  readonly task: Task;
  readonly shell: Shell;
  readonly script: TemplateText;
  /** The script with a word in the place of each expression. */
  readonly words: string;
}

/** The `run` tasks of a pipeline that have a shell for their interpreter: their own, the pipeline's or the project's. */
export function shellTasks({ pipeline, project }: RuleContext): readonly ShellTask[] {
  const settings = project.settings();
  const own = settings?.kind === 'project' ? settings.settings.shell : undefined;
  return (pipeline?.tasks ?? []).flatMap((task) => {
    if (pipeline === undefined || task.action?.kind !== 'run') return [];
    const shell = shellOfTask(task, pipeline, own);
    if (shell.language !== 'shell') return [];
    const script = scriptOf(task.action.commands);
    const parts = script.template?.parts.map((part) => (part.kind === 'text' ? part.text : 'x'));
    return [{ task, shell, script, words: parts?.join('') ?? script.text }];
  });
}
