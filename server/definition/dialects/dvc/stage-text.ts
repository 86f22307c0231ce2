/** A stage as it comes out when its templates are filled, as text of a `dvc.yaml`. */
import type { StageOutput, StageSpec } from '../../stage.js';
import { asMapping } from './equal.js';
import type { Value } from './resolve/values.js';
import { entryLines, scalarText } from './yaml-text.js';

export function stageText({ name, cmd, deps, params, outs, frozen, alwaysChanged }: StageSpec): string {
  const list = (values: readonly Value[]): Value | undefined => (values.length === 0 ? undefined : values);
  const files = params.flatMap(({ path, keys }): Value[] => {
    if (path === 'params.yaml' && keys.length > 0) return [...keys];
    return [new Map([[path, keys.length === 0 ? null : [...keys]]])];
  });
  const made = (role: StageOutput['role']): Value | undefined =>
    list(outs.flatMap((one) => (one.role === role ? [outputValue(one)] : [])));
  const stage = asMapping([
    ['cmd', cmd],
    ['deps', list(deps.map(({ path }) => path))],
    ['params', list(files)],
    ['outs', made('out')],
    ['metrics', made('metric')],
    ['plots', made('plot')],
    ['frozen', frozen ? true : undefined],
    ['always_changed', alwaysChanged ? true : undefined],
  ]);
  return entryLines(scalarText(name), stage, '').join('\n');
}

function outputValue({ path, cache, persist }: StageOutput): Value {
  const flags = asMapping([
    ['cache', cache ? undefined : false],
    ['persist', persist ? true : undefined],
  ]);
  return flags.size === 0 ? path : new Map([[path, flags]]);
}
