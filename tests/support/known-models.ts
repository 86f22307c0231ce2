/** A model registry in memory, as far as the language service sees it. */
import type { Json } from '../../server/definition/definition.js';
import type {
  AliasMoved,
  KnownModel,
  KnownModels,
  KnownVersion,
  KnownVersionDetails,
} from '../../server/definition/known/models.js';
import type { ExampleModel } from '../../server/rules/rule.js';

export interface MemoryModel extends ExampleModel {
  readonly description?: string;
  /** By version. */
  readonly metrics?: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly details?: Readonly<Record<string, Partial<KnownVersionDetails>>>;
  readonly moved?: Readonly<Record<string, AliasMoved>>;
  readonly gone?: true;
}

const MADE = '2026-01-01T11:00:00.000Z';
const BY = 'ada@lab';

export function knownModels(models: Readonly<Record<string, MemoryModel>>): KnownModels {
  const known = new Map(Object.entries(models).map(([name, model]) => [name, modelOf(name, model)]));
  const names = [...known.keys()].sort();
  return {
    names: () => names,
    model: (name) => known.get(name),
    version: (name, version) => {
      const summary = known.get(name)?.recent.find((one) => one.version === version);
      if (summary === undefined) return undefined;
      const { signature, details } = models[name] ?? {};
      const own = signature === undefined ? {} : { signature: signatureOf(signature) };
      return { ...summary, params: {}, description: '', ...own, ...details?.[version] };
    },
    mainMetric: (name) => Object.keys(known.get(name)?.recent[0]?.metrics ?? {})[0],
    moved: (name, alias) => models[name]?.moved?.[alias],
  };
}

function signatureOf({
  inputs,
  outputs,
}: NonNullable<ExampleModel['signature']>): NonNullable<KnownVersionDetails['signature']> {
  const fields = (columns: Readonly<Record<string, string>>) =>
    Object.entries(columns).map(([name, type]) => ({ name, type, required: true }));
  return { inputs: fields(inputs), outputs: fields(outputs) };
}

function modelOf(name: string, model: MemoryModel): KnownModel {
  const { versions, deleted = [], aliases = {}, description = '', metrics = {}, gone } = model;
  const recent = Array.from({ length: versions }, (_, index): KnownVersion => {
    const version = String(versions - index);
    return {
      version,
      createdAt: MADE,
      createdBy: BY,
      run: { id: `run-${version}`, pipeline: 'train', task: 'register' },
      artifact: { bytes: 2_048, path: 'models/m.json', kind: 'model' },
      metrics: metrics[version] ?? {},
      tags: {},
      ...(deleted.includes(version) ? { deleted: true } : {}),
    };
  });
  return {
    name,
    description,
    aliases,
    nextVersion: versions + 1,
    counts: { versions: versions - deleted.length, deleted: deleted.length },
    recent,
    ...(gone === true ? { deleted: { at: MADE, by: BY } } : {}),
  };
}
