/** The action `package`: a version of an app package out of files of the project. */
import { formatBytes } from '../../../definition/text/units.js';
import type { Packaging } from './resolve.js';
import type { ActionContext, ActionOutcome } from '../action.js';

export function packageAction(
  context: ActionContext,
  { settings, files }: Packaging,
): Promise<ActionOutcome> {
  const { session, run, signal } = context;
  let added;
  try {
    added = session.packages.add({ settings, sources: files, run, signal });
  } catch (error) {
    if (signal.aborted) return Promise.resolve({ ok: false });
    throw error;
  }
  if (!added.ok) return Promise.resolve({ ok: false, error: added.error.message });
  const { version, created } = added;
  const what = `${version.files} ${version.files === 1 ? 'file' : 'files'}, ${formatBytes(version.bytes)}`;
  return Promise.resolve({
    ok: true,
    values: {
      package: version.name,
      version: version.version,
      hash: version.hash,
      reference: `${version.name}@${version.version}`,
    },
    note: created
      ? `made version ${version.version} of ${version.name} (${what})`
      : `${version.name}: is already version ${version.version}`,
  });
}
