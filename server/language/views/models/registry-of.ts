/** The registry of a project as the views see it. */
import { heldByReleases } from '../../../serving/releases/releases.js';
import { Registry } from '../../../stores/registry/registry.js';

/** Opened anew for each question: that reads nothing yet, and what was broken and mended since is not told again. */
export function registryOf(root: string): Registry {
  return Registry.open(root, { heldBy: heldByReleases(root, 'model') });
}
