/** Changes of the registry that a person asks for in a view. */
import { defined } from '../../../base/defined.js';
import type { Answer, ModelChange } from '../../../protocol/index.js';
import type { Registry } from '../../../stores/registry/registry.js';
import type { Cause, Outcome } from '../../../stores/registry/types.js';

type Changed = Answer<{ readonly from?: string | null; readonly to?: string | null }>;

const done = (outcome: Outcome): Changed =>
  outcome.ok ? { ok: true } : { ok: false, message: outcome.error.message };

const moved = (outcome: Outcome<{ readonly from: string | null; readonly to?: string }>): Changed =>
  outcome.ok
    ? { ok: true, from: outcome.from, to: outcome.to ?? null }
    : { ok: false, message: outcome.error.message };

/** Does what is asked for, or says why not. A reason of blanks is none. */
export function changeModel(
  registry: Registry,
  model: string,
  change: ModelChange,
  reason: string | undefined,
): Changed {
  const why = reason?.trim() ?? '';
  const cause: Cause = why === '' ? {} : { reason: why };
  const version = 'version' in change ? change.version : undefined;
  const subject = version === undefined ? {} : { version };
  switch (change.kind) {
    case 'set-alias': {
      const { alias, expected } = change;
      return moved(
        registry.setAlias(model, alias, change.version, {
          ...cause,
          ...defined({ expected }),
        }),
      );
    }
    case 'remove-alias':
      return moved(registry.removeAlias(model, change.alias, cause));
    case 'roll-back': {
      const { alias, expected } = change;
      return moved(registry.rollback(model, alias, { ...cause, ...defined({ expected }) }));
    }
    case 'set-tag':
      return done(registry.setTag(model, change.key, change.value, { ...cause, ...subject }));
    case 'remove-tag':
      return done(registry.removeTag(model, change.key, { ...cause, ...subject }));
    case 'describe':
      return done(registry.describe(model, change.text, { ...cause, ...subject }));
    case 'delete':
      return done(
        version === undefined
          ? registry.deleteModel(model, cause)
          : registry.deleteVersion(model, version, cause),
      );
    case 'restore':
      return done(
        version === undefined
          ? registry.restoreModel(model, cause)
          : registry.restoreVersion(model, version, cause),
      );
    case 'purge':
      return done(registry.purgeVersion(model, change.version, cause));
  }
}
