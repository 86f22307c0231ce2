/** Asking a person for a pipeline's params. */
import * as vscode from 'vscode';
import { plain, shown } from '../../media/webviews/shared/format.js';
import type { PipelineSummary } from '../../server/protocol.js';
import { paramText, parseParam, requiredParams, stillValid, type ParamSummary } from '../present/params.js';

type Values = Record<string, unknown>;

function memoryKey(pipeline: PipelineSummary): string {
  return `params:${pipeline.uri}`;
}

/** What was answered the last time, as far as it still fits. */
function remembered(memory: vscode.Memento, pipeline: PipelineSummary): Values {
  return stillValid(pipeline, memory.get<Values>(memoryKey(pipeline), {}));
}

/** One param. `undefined` when the person went away. */
async function askOne(
  pipeline: PipelineSummary,
  param: ParamSummary,
  current: unknown,
): Promise<{ value: unknown } | undefined> {
  const title = `${plain(pipeline.name)}: ${plain(param.name)}`;
  const prompt = plain(param.description ?? `${param.name}, ${param.type}`);
  const choices: readonly unknown[] | undefined =
    param.choices ?? (param.type === 'boolean' ? [true, false] : undefined);
  if (choices) {
    const picked = await vscode.window.showQuickPick(
      choices.map((value) => ({
        label: shown(value),
        ...(JSON.stringify(value) === JSON.stringify(current) ? { description: 'now' } : {}),
        value,
      })),
      { title, placeHolder: prompt, ignoreFocusOut: true },
    );
    return picked && { value: picked.value };
  }
  const text = await vscode.window.showInputBox({
    title,
    prompt,
    value: paramText(current),
    ignoreFocusOut: true,
    validateInput: (typed) => {
      const parsed = parseParam(param, typed);
      return parsed.ok ? undefined : parsed.message;
    },
  });
  if (text === undefined) return undefined;
  const parsed = parseParam(param, text);
  return parsed.ok ? { value: parsed.value } : undefined;
}

/** Asks for what has no default and was never answered. `undefined` when the person went away. */
export async function askRequired(
  memory: vscode.Memento,
  pipeline: PipelineSummary,
): Promise<Values | undefined> {
  const known = remembered(memory, pipeline);
  const values: Values = {};
  for (const param of requiredParams(pipeline)) {
    const answer = await askOne(pipeline, param, known[param.name]);
    if (!answer) return undefined;
    values[param.name] = answer.value;
  }
  if (Object.keys(values).length > 0) await memory.update(memoryKey(pipeline), { ...known, ...values });
  return values;
}

const RUN = '$(play) Run';
const RESET = '$(discard) Back to defaults';

/** Shows all params with their values until the person starts the run. Values other than the defaults are answered and remembered. */
export async function askAll(memory: vscode.Memento, pipeline: PipelineSummary): Promise<Values | undefined> {
  if (pipeline.params.length === 0) {
    void vscode.window.showInformationMessage(`${plain(pipeline.name)} has no params: it runs as it is.`);
    return {};
  }
  let values = remembered(memory, pipeline);
  for (;;) {
    const missing = requiredParams(pipeline).filter((param) => !Object.hasOwn(values, param.name));
    const items: (vscode.QuickPickItem & { param?: ParamSummary })[] = pipeline.params.map((param) => {
      const own = Object.hasOwn(values, param.name);
      const value = own ? values[param.name] : param.default;
      return {
        label: plain(param.name),
        description:
          value === undefined
            ? '(needed)'
            : `${shown(value, 60)}${own && param.default !== undefined ? ` (default ${shown(param.default, 40)})` : ''}`,
        detail: plain(param.description ?? param.type),
        param,
      };
    });
    const first = missing.length === 0 ? [{ label: RUN, alwaysShow: true }] : [];
    const reset = Object.keys(values).length > 0 ? [{ label: RESET, alwaysShow: true }] : [];
    const picked = await vscode.window.showQuickPick<vscode.QuickPickItem & { param?: ParamSummary }>(
      [...first, { label: 'Params', kind: vscode.QuickPickItemKind.Separator }, ...items, ...reset],
      {
        title: `Run ${plain(pipeline.name)} with params`,
        placeHolder: 'Choose a param to change it',
        ignoreFocusOut: true,
      },
    );
    if (!picked) return undefined;
    if (picked.label === RUN && !picked.param) break;
    if (picked.label === RESET && !picked.param) values = {};
    if (!picked.param) continue;
    const { param } = picked;
    const answer = await askOne(
      pipeline,
      param,
      Object.hasOwn(values, param.name) ? values[param.name] : param.default,
    );
    if (!answer) continue;
    if (JSON.stringify(answer.value) === JSON.stringify(param.default)) {
      values = Object.fromEntries(Object.entries(values).filter(([name]) => name !== param.name));
    } else values = { ...values, [param.name]: answer.value };
  }
  await memory.update(memoryKey(pipeline), values);
  return values;
}
