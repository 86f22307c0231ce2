/** A `notebook` task with every expression replaced by its value. */
import { defined } from '../../../base/defined.js';
import { jsonText } from '../../../base/json.js';
import type { Json, NotebookAction } from '../../../definition/definition.js';
import type { FingerprintPart } from '../../../stores/runs/document.js';
import type { Texts } from '../../resolve/texts.js';
import { metadataOf } from '../register/resolve.js';
import { notebookProgram } from './program.js';

/**
 * @param python makes a script of a program
 * @returns with the notebook, relative to the project
 */
export function resolveNotebook<S>(
  action: NotebookAction,
  texts: Texts,
  parts: FingerprintPart[],
  python: (program: string) => S,
): S & { readonly notebook: string } {
  const pathOf = (text: NotebookAction['path'], what: string): string => {
    const written = texts.kept(text).trim();
    if (written === '') texts.fail(`notebook: say which ${what}`, text.span);
    if (!written.endsWith('.ipynb')) texts.fail(`notebook: ${written} is no .ipynb file`, text.span);
    return texts.path(written, what, text.span);
  };
  const notebook = pathOf(action.path, 'notebook');
  const output = pathOf(action.output, 'output');
  if (notebook === output) texts.fail('notebook: the executed copy would take its place', action.output.span);
  const value = (text: Parameters<Texts['value']>[0]): Json => {
    // The executed copy holds them: a secret among them would be readable.
    texts.kept(text);
    return texts.value(text);
  };
  for (const { name } of action.params) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      texts.fail(`notebook: "${name}" is no name of a variable`, action.path.span);
  }
  const params = Object.fromEntries(action.params.map((one) => [one.name, metadataOf(one.value, { value })]));
  const kernel = action.kernel === undefined ? undefined : texts.kept(action.kernel).trim();
  parts.push({ kind: 'command', name: 'notebook', value: notebook });
  for (const [name, one] of Object.entries(params)) {
    parts.push({ kind: 'param', name: `of the notebook: ${name}`, value: jsonText(one) });
  }
  if (kernel !== undefined) parts.push({ kind: 'command', name: 'kernel', value: kernel });
  return { ...python(notebookProgram({ notebook, output, params, ...defined({ kernel }) })), notebook };
}
