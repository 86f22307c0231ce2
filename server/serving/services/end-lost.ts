/** Stopping a service whose host is gone: what it left behind is ended, and that is written down. */
import { tryLock } from '../../stores/disk/file-lock.js';
import { layoutOf } from '../../stores/layout.js';
import { foreignMemory } from '../../stores/trust.js';
import type { ServiceAddress } from './address.js';
import type { ControlResult } from '../host/control-server.js';
import { disownCopiedService } from './disown.js';
import { endOrphans } from '../host/orphans.js';
import { ServiceState } from '../host/state.js';
import { servicePlaces } from '../places.js';
import { stoppedService } from './document.js';
import type { ServiceCause } from '../types.js';

/** Holds the service's lock meanwhile: nobody else writes its documents, and no host is started. */
export async function endLost(address: ServiceAddress, cause: ServiceCause): Promise<ControlResult> {
  const { root, environment, name } = address;
  const foreign = foreignMemory(layoutOf(root));
  if (foreign !== undefined) return { ok: false, message: foreign.message };
  const places = servicePlaces(root, environment, name);
  disownCopiedService(places.folder);
  const lock = tryLock(places.lock);
  if (lock === undefined) return { ok: false, message: `${name} is being started; try again` };
  try {
    const state = new ServiceState(places, environment, name);
    await endOrphans(places.folder, state.before, []);
    const { current } = state.document;
    state.replace(stoppedService({ ...state.document, name, environment }));
    state.record({ kind: 'stopped', ...(current === undefined ? {} : { release: current.id }), ...cause });
    return { ok: true, message: `${name} was stopped; its host had been gone` };
  } finally {
    lock.release();
  }
}
