/** What a feature is asked about. */
import type { IdeContext } from '../../ide/types.js';
import type { Project } from '../../project/project.js';
import type { Finding } from '../../rules/rule.js';
import type { Client } from '../client.js';
import type { Workspace } from '../workspace.js';

/** A definition that the editor asks about, with all that the answer may need. */
export interface Asked {
  readonly workspace: Workspace;
  readonly project: Project;
  readonly uri: string;
  /** Who asks: nothing is answered that it can't take. */
  readonly client: Client;
  readonly context: IdeContext;
  readonly findings: () => readonly Finding[];
  /** Waits for a plan that an answer missed. @returns whether one did, and is to be asked again */
  readonly planned: () => Promise<boolean>;
}
