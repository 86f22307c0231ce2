/**
 * Looks at the data of feature views and at labels once and to the end: what the editor finds out beside the typing, for
 * `modelyard lint`.
 */
import path from 'node:path';
import type { FeaturesDefinition } from '../../definition/read/analyze.js';
import { catalogOf } from '../../definition/known/feature-catalog.js';
import type { FeatureFacts, ViewFacts } from '../../definition/known/feature-facts.js';
import type { FeatureView } from '../../definition/features.js';
import { labelsKey, type LabelsFile } from '../../definition/training-set.js';
import type { Engine } from '../engine/engine.js';
import { EngineKeeper } from '../engine/keeper.js';
import type { EngineResult } from '../engine/messages.js';
import { openSource } from '../sources/source.js';
import { FeatureStore } from '../store.js';
import type { ResolvedView } from './view.js';
import { headerColumns, labelsTable, plainFacts, tellOf, viewSource, writtenView } from './facts.js';
import type { ToldFacts, ViewSource } from './facts.js';
import { stateOf } from './state.js';

/** For one query, as in the editor. */
const QUERY_MS = 30_000;

interface Look {
  readonly resolved: ResolvedView;
  readonly source: ViewSource;
}

/**
 * Starts the engine's child where a view has data; where there is none for this machine, only the header of a CSV is known.
 * @param files all feature files of the project
 * @param about those whose views are looked at
 * @param labels files of labels, as written
 */
export async function surveyFeatures(
  root: string,
  files: readonly FeaturesDefinition[],
  about: readonly FeaturesDefinition[],
  labels: readonly LabelsFile[],
): Promise<FeatureFacts> {
  const catalog = catalogOf(files);
  const views = about.flatMap(({ path: file, features }) =>
    features.views.flatMap((view): Look[] => {
      const resolved = writtenView(file, view, catalog);
      const source = resolved === undefined ? undefined : viewSource(root, resolved.path);
      return resolved === undefined || source === undefined ? [] : [{ resolved, source }];
    }),
  );
  const tables = new Map<string, Look>();
  for (const file of labels) {
    const key = labelsKey(file);
    const look = tables.has(key) ? undefined : labelsLook(root, file);
    if (look !== undefined) tables.set(key, look);
  }
  const looks = [...views, ...tables.values()];
  const known = new Map<FeatureView, ViewFacts>();
  const readable = [
    ...new Set(looks.flatMap(({ source }) => source.files.map((file) => path.join(root, file)))),
  ];
  const keeper = new EngineKeeper({ timeoutMs: QUERY_MS });
  try {
    for (const [at, look] of looks.entries()) {
      const told = await keeper.use(readable, (engine) => ask(engine, root, `source_${at}`, look));
      // An engine that is not there or has crashed says nothing about the view: its header is as true as before.
      const silent = !told.ok && (told.error.kind === 'missing' || told.error.kind === 'crashed');
      const facts = told.ok ? told.value : silent ? headerFacts(root, look) : undefined;
      if (facts !== undefined) known.set(look.resolved.view, facts);
    }
  } finally {
    keeper.close();
  }
  const store = new FeatureStore(root);
  return {
    viewFacts: (_path, view) => known.get(view),
    labelFacts: (_path, file) => {
      const look = tables.get(labelsKey(file));
      return look && known.get(look.resolved.view);
    },
    viewState: (view) => {
      const current = store.current(view);
      const attempt = store.attempt(view);
      return stateOf({
        ...(current.state === 'ok' ? { manifest: current.value } : {}),
        ...(attempt.state === 'ok' ? { attempt: attempt.value } : {}),
      });
    },
  };
}

function labelsLook(root: string, file: LabelsFile): Look | undefined {
  const resolved = labelsTable(file);
  const source = resolved === undefined ? undefined : viewSource(root, file.path);
  return resolved === undefined || source === undefined ? undefined : { resolved, source };
}

async function ask(
  engine: Engine,
  root: string,
  name: string,
  { resolved, source }: Look,
): Promise<EngineResult<ToldFacts>> {
  const files = source.files.map((shown) => ({ shown, file: path.join(root, shown) }));
  const opened = await openSource(engine, name, resolved, files);
  return opened.ok ? tellOf(engine, resolved, { ...opened.value, name }, files) : opened;
}

function headerFacts(root: string, { resolved, source }: Look): ViewFacts | undefined {
  const data = headerColumns(root, resolved, source);
  return data === undefined ? undefined : plainFacts(resolved, data);
}
