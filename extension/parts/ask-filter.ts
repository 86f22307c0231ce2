/** Asks for a filter: things to tick, and free text that is what was typed. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';

/** Something to tick. */
export interface Tick<T> {
  readonly label: string;
  readonly value: T;
  /** It is ticked now. */
  readonly picked: boolean;
}

export interface FilterQuestion<T> {
  readonly title: string;
  readonly placeHolder: string;
  /** The text of the filter now. */
  readonly text: string;
  /** Ticks under headings; headings without ticks are left out. */
  readonly sections: readonly { readonly label: string; readonly ticks: readonly Tick<T>[] }[];
}

/** What was ticked and typed; `undefined` when the person went away. */
export interface FilterAnswer<T> {
  /** Empty: none. */
  readonly text: string;
  readonly values: readonly T[];
}

type Item<T> = vscode.QuickPickItem & { readonly tick?: Tick<T>; readonly text?: string };

export async function askFilter<T>(question: FilterQuestion<T>): Promise<FilterAnswer<T> | undefined> {
  const pick = vscode.window.createQuickPick<Item<T>>();
  pick.title = question.title;
  pick.placeholder = question.placeHolder;
  pick.canSelectMany = true;
  const items = question.sections.flatMap(({ label, ticks }): Item<T>[] =>
    ticks.length === 0
      ? []
      : [
          { label, kind: vscode.QuickPickItemKind.Separator },
          ...ticks.map((tick) => ({ label: tick.label, tick })),
        ],
  );
  const textItem = (text: string): Item<T> => ({
    label: `$(search) Text “${plain(text, 60)}”`,
    text,
    alwaysShow: true,
  });
  const old = question.text === '' ? [] : [textItem(question.text)];
  pick.items = [...old, ...items];
  pick.selectedItems = [...old, ...items.filter(({ tick }) => tick?.picked === true)];
  pick.onDidChangeValue((value) => {
    const chosen = pick.selectedItems.filter(({ text }) => text === undefined);
    const text = value.trim() === '' ? [] : [textItem(value.trim())];
    pick.items = [...text, ...items];
    pick.selectedItems = [...chosen, ...text];
  });
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      const chosen = pick.selectedItems;
      resolve({
        text: chosen.find(({ text }) => text !== undefined)?.text ?? '',
        values: chosen.flatMap(({ tick }) => (tick === undefined ? [] : [tick.value])),
      });
      pick.dispose();
    });
    pick.onDidHide(() => resolve(undefined));
    pick.show();
  });
}
