/** Which keys of a task count for its fingerprint: with another value of one that counts, the task runs again. */
import type { taskOptionSchemas } from './pipeline.js';

/**
 * Every key beside the action, which always counts. What doesn't count says when, where and how often a task runs, and not
 * what comes out of it. Values of a matrix count where they are used.
 */
export const TASK_KEY_COUNTS: Readonly<Record<keyof typeof taskOptionSchemas, boolean>> = {
  description: false,
  needs: false,
  if: false,
  env: true,
  secrets: true,
  inputs: true,
  outputs: true,
  metrics: true,
  plots: true,
  matrix: false,
  'working-directory': true,
  shell: true,
  resources: false,
  executor: false,
  timeout: false,
  retries: false,
  'continue-on-error': false,
  cache: false,
  mutex: false,
};
