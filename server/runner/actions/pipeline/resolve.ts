/** A `pipeline` task with every expression replaced by its value. */
import type { Json, PipelineAction } from '../../../definition/definition.js';
import type { FingerprintPart } from '../../../stores/runs/document.js';
import { metadataOf } from '../register/resolve.js';
import type { Texts } from '../../resolve/texts.js';

/** Another pipeline, and the params that it is run with. */
export interface PipelineCall {
  readonly name: string;
  readonly params: Readonly<Record<string, Json>>;
}

export function resolvePipeline(
  action: PipelineAction,
  texts: Texts,
  parts: FingerprintPart[],
): PipelineCall {
  const name = texts.kept(action.name).trim();
  if (name === '') texts.fail('pipeline: say which one', action.name.span);
  const value = (text: Parameters<Texts['value']>[0]): Json => {
    // Params are recorded: a secret among them would be readable.
    texts.kept(text);
    return texts.value(text);
  };
  const params = Object.fromEntries(
    action.params.map((param) => [param.name, metadataOf(param.value, { value })]),
  );
  parts.push({ kind: 'pipeline', name: 'name', value: name });
  parts.push({ kind: 'pipeline', name: 'params', value: JSON.stringify(params) });
  return { name, params };
}
