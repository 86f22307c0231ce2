/** What there is to say of a file beside what is found in it. */
import { defined } from '../../base/defined.js';
import { wordFor } from '../../definition/detect/ours.js';
import type { FileStatus } from '../../protocol/index.js';
import type { SelectedPythons } from '../selected-pythons.js';
import type { Workspace } from '../workspace.js';

export function fileStatus(workspace: Workspace, pythons: SelectedPythons, uri: string): FileStatus {
  workspace.sync(uri);
  const place = workspace.place(uri);
  const refused = place?.project.whyRefused(place.path);
  const definition = place?.project.definition(place.path);
  const python =
    place !== undefined && definition?.kind === 'pipeline'
      ? pythons.status(place.project, definition)
      : undefined;
  const ours = place?.project.knows(place.path) === true;
  return {
    ...(refused === undefined ? {} : { refused: { as: wordFor(refused.as), because: refused.because } }),
    ...defined({ python }),
    ...(ours && workspace.isLarge(uri) ? { checkedWhenSaved: true } : {}),
  };
}
