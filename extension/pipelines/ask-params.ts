/** Asking a person for a pipeline's params. What is typed is what the run gets; the language server says whether it fits. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { ParamSummary, PipelineSummary } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { isRequired, paramNow, paramPrompt, withAnswer, type ParamTexts } from './params.js';

function memoryKey(pipeline: PipelineSummary): string {
  return `params:${pipeline.uri}`;
}

/** What is wrong with values, by name. Nothing is known to be while the server can't be asked: the run will tell. */
async function problemsOf(
  { client }: Context,
  { uri }: PipelineSummary,
  params: ParamTexts,
): Promise<Readonly<Record<string, string>>> {
  return (await client.ask('modelyard/checkParams', { uri, params }))?.problems ?? {};
}

/** What was answered the last time, as far as it still fits. */
async function remembered(context: Context, pipeline: PipelineSummary): Promise<ParamTexts> {
  const stored = context.extension.workspaceState.get<Record<string, unknown>>(memoryKey(pipeline), {});
  const texts = Object.entries(stored).filter((entry): entry is [string, string] => isText(entry[1]));
  if (texts.length === 0) return {};
  const problems = await problemsOf(context, pipeline, Object.fromEntries(texts));
  return Object.fromEntries(texts.filter(([name]) => !Object.hasOwn(problems, name)));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

async function remember(context: Context, pipeline: PipelineSummary, values: ParamTexts): Promise<void> {
  await context.extension.workspaceState.update(memoryKey(pipeline), values);
}

/** One param, as typed; empty for none. `undefined` when the person went away. */
async function askOne(
  context: Context,
  pipeline: PipelineSummary,
  param: ParamSummary,
  current: string | undefined,
): Promise<string | undefined> {
  const title = `${plain(pipeline.name)}: ${plain(param.name)}`;
  if (param.choices !== undefined) {
    const none = param.optional === true ? [{ label: 'None', value: '' }] : [];
    const choices = param.choices.map((value) => ({ label: plain(value), value }));
    const picked = await vscode.window.showQuickPick(
      [...choices, ...none].map((choice) => ({
        ...choice,
        ...(choice.value === (current ?? '') ? { description: 'current' } : {}),
      })),
      { title, placeHolder: plain(param.description ?? 'Choose a value'), ignoreFocusOut: true },
    );
    return picked?.value;
  }
  return vscode.window.showInputBox({
    title,
    prompt: paramPrompt(param),
    value: current ?? '',
    ignoreFocusOut: true,
    validateInput: async (typed) =>
      param.optional === true && typed === ''
        ? undefined
        : (await problemsOf(context, pipeline, { [param.name]: typed }))[param.name],
  });
}

/** Asks for what has no default and was never answered. `undefined` when the person went away. */
export async function askRequired(
  context: Context,
  pipeline: PipelineSummary,
): Promise<ParamTexts | undefined> {
  const required = pipeline.params.filter(isRequired);
  if (required.length === 0) return {};
  const known = await remembered(context, pipeline);
  let values: ParamTexts = {};
  for (const param of required) {
    const answer = await askOne(context, pipeline, param, known[param.name]);
    if (answer === undefined) return undefined;
    values = withAnswer(values, param, answer);
  }
  await remember(context, pipeline, { ...known, ...values });
  return values;
}

const RUN = '$(play) Run';
const RESET = '$(discard) Back to defaults';

/**
 * Shows all params with their values until the person starts the run. Values other than the defaults are answered and remembered.
 *
 * @param given those to begin with; absent: those that were answered the last time
 */
export async function askAll(
  context: Context,
  pipeline: PipelineSummary,
  given?: ParamTexts,
): Promise<ParamTexts | undefined> {
  if (pipeline.params.length === 0) {
    void vscode.window.showInformationMessage(`${plain(pipeline.name)} has no params: it runs as it is.`);
    return {};
  }
  let values = given ?? (await remembered(context, pipeline));
  for (;;) {
    const missing = pipeline.params.some((param) => isRequired(param) && !Object.hasOwn(values, param.name));
    const items: (vscode.QuickPickItem & { param?: ParamSummary })[] = pipeline.params.map((param) => ({
      label: plain(param.name),
      description: paramNow(param, values[param.name]),
      detail: plain(param.description ?? param.type),
      param,
    }));
    const first = missing ? [] : [{ label: RUN, alwaysShow: true }];
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
    const answer = await askOne(context, pipeline, param, values[param.name] ?? param.default);
    if (answer !== undefined) values = withAnswer(values, param, answer);
  }
  await remember(context, pipeline, values);
  return values;
}
