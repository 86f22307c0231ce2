/** Gathers what the model card of a version says, from the registry and from lineage. */
import type { Lineage } from '../../lineage/lineage.js';
import { modelCard } from './card.js';
import type { FoundVersion, Registry } from '../registry.js';
import type { Outcome } from '../types.js';

const CARD_HISTORY = 50;

/** The card of a version as Markdown. Deleted models and versions have one too. */
export function cardOf(
  registry: Registry,
  lineage: Lineage,
  { version, aliases }: FoundVersion,
): Outcome<{ readonly markdown: string }> {
  const { name, version: number } = version;
  const model = registry.model(name, { includeDeleted: true });
  if (!model.ok) return model;
  const history = registry.history(name, { version: number, limit: CARD_HISTORY });
  if (!history.ok) return history;
  const upstream = lineage.upstream({ kind: 'version', model: name, version: number });
  return {
    ok: true,
    markdown: modelCard({
      model: model.model,
      version,
      aliases,
      history: history.entries,
      ...(upstream.ok ? { lineage: upstream.graph } : {}),
    }),
  };
}
