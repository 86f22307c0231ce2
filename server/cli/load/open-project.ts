/** One reading of a project serves everything that a command asks of it. */
import { Project } from '../../project/project.js';
import { madeBefore } from '../../runner/plan/made-before.js';
import { clusterBefore } from '../../stores/cluster-memory.js';

let opened: Project | undefined;

/** The project with that root; read when it is first asked for. A command is short: nothing is looked at twice. */
export function openProject(root: string): Project {
  if (opened?.root !== root)
    opened = Project.open(root, undefined, {
      memory: { made: madeBefore(root), cluster: clusterBefore(root) },
    });
  return opened;
}

/** The next who asks reads it anew: a command that stays has to see what changed. */
export function forgetProject(): void {
  opened = undefined;
}
