/** What there is to say of a file beside what is found in it. */
import { wordFor } from '../model/ours.js';
import type { FileStatus } from '../protocol.js';
import type { Workspace } from './workspace.js';

export function fileStatus(workspace: Workspace, uri: string): FileStatus {
  workspace.sync();
  const place = workspace.place(uri);
  const refused = place?.project.whyRefused(place.path);
  const ours = place?.project.knows(place.path) === true;
  return {
    ...(refused === undefined ? {} : { refused: { as: wordFor(refused.as), because: refused.because } }),
    ...(ours && workspace.isLarge(uri) ? { checkedWhenSaved: true } : {}),
  };
}
