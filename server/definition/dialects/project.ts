/** `modelyard.yaml`. */
import { templateOf } from '../../syntax/expressions/template.js';
import { readSettings } from '../read/read-project.js';
import { projectSchema } from '../schema/project.js';
import type { Dialect, ProjectDefinition } from './dialect.js';

export const projectDialect: Dialect<ProjectDefinition> = {
  kind: 'project',
  word: 'project file',
  defines: "the project's settings",
  detect: { named: ({ stem }) => stem === 'modelyard' },
  template: templateOf,
  schema: projectSchema,
  read: (base) => ({ ...base, kind: 'project', settings: readSettings(base.tree) }),
};
