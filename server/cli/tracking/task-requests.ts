/** What answers MLflow clients of a run's tasks: a bundle of its own, which most runs never load. Only data and calls cross. */
import { heldByReleases } from '../../serving/releases/releases.js';
import { TaskRequests, type TokenHolder } from '../../tracking/task-requests.js';

/** @param holderOf what a token is of */
export function openTaskRequests(
  root: string,
  holderOf: (token: string) => TokenHolder | undefined,
  onProblem: (message: string) => void,
): TaskRequests {
  return new TaskRequests(root, heldByReleases(root, 'model'), holderOf, onProblem);
}
