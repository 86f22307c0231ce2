/** Which columns a table shows, out of very many: ticked in a list that a text narrows. */
import { button, h } from '../dom.js';

export interface ColumnChoice {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly detail: string;
}

/** More are found by typing. */
const MOST_SHOWN = 200;

let close: (() => void) | undefined;

/**
 * Opens the list, or closes it when it is open.
 *
 * @param changed called with all ids that are ticked after each tick
 * @param back has the keyboard when the list is closed
 */
export function chooseColumns(
  choices: readonly ColumnChoice[],
  ticked: readonly string[],
  changed: (ids: readonly string[]) => void,
  back: () => HTMLElement | null,
): void {
  if (close !== undefined) {
    close();
    return;
  }
  const wanted = new Set(ticked);
  const search = h('input', {
    type: 'text',
    placeholder: 'Search columns',
    'aria-label': 'Search columns',
    spellcheck: 'false',
  });
  const list = h('div', { class: 'choices' });
  const panel = h('div', { class: 'chooser', role: 'dialog', 'aria-label': 'Columns' });
  const leave = (): void => {
    close = undefined;
    document.removeEventListener('mousedown', outside, true);
    panel.remove();
    back()?.focus();
  };
  const outside = (event: Event): void => {
    if (event.target instanceof Node && !panel.contains(event.target)) leave();
  };
  const box = ({ id, title, detail }: ColumnChoice): HTMLElement => {
    const input = h('input', { type: 'checkbox' });
    input.checked = wanted.has(id);
    input.addEventListener('change', () => {
      if (input.checked) wanted.add(id);
      else wanted.delete(id);
      changed([...wanted]);
    });
    return h('label', {}, input, h('span', { class: 'grow' }, title), h('span', { class: 'dim' }, detail));
  };
  const draw = (): void => {
    const text = search.value.trim().toLowerCase();
    const found = choices.filter(({ id, title }) => `${id} ${title}`.toLowerCase().includes(text));
    const shown = found.slice(0, MOST_SHOWN);
    const groups = [...new Set(shown.map(({ group }) => group))];
    list.replaceChildren(
      ...groups.map((group) =>
        h(
          'section',
          { 'aria-label': group },
          h('h3', {}, group),
          ...shown.filter((choice) => choice.group === group).map(box),
        ),
      ),
      h('p', { class: 'dim' }, moreWords(found.length - shown.length)),
    );
  };
  search.addEventListener('input', draw);
  panel.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    leave();
  });
  panel.append(
    h(
      'div',
      { class: 'bar' },
      h('strong', { class: 'grow' }, 'Columns'),
      button('close', 'Close', leave, { iconOnly: true }),
    ),
    search,
    list,
  );
  document.body.append(panel);
  draw();
  search.focus();
  document.addEventListener('mousedown', outside, true);
  close = leave;
}

function moreWords(more: number): string {
  return more > 0 ? `${more} more: type to find them.` : '';
}
