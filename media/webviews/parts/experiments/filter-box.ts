/** An input for a filter of runs, with a list of what may come next. */
import { parseRunFilter } from '../../../../server/base/runs/filter.js';
import {
  completeFilter,
  type FilterCompletion,
  type FilterWords,
} from '../../shared/experiments/filter-completion.js';
import { h } from '../dom.js';

const TYPING_MS = 250;

export interface FilterBox {
  readonly element: HTMLElement;
  /** What is wrong with the filter, from here or from the server. */
  fail(message: string | undefined): void;
  /** As if it was typed. */
  set(filter: string): void;
  focus(): void;
}

/**
 * @param wordsOf asked each time the list is made
 * @param changed called with a filter that can be read, or an empty one
 */
export function filterBox(
  text: string,
  wordsOf: () => FilterWords,
  changed: (filter: string) => void,
): FilterBox {
  const input = h('input', {
    type: 'text',
    id: 'filter',
    class: 'expression mono',
    role: 'combobox',
    placeholder: 'Filter: accuracy > 0.8 and epochs < 300',
    'aria-label': 'Filter by an expression',
    'aria-autocomplete': 'list',
    'aria-expanded': 'false',
    'aria-controls': 'filter-list',
    'aria-describedby': 'filter-problem',
    spellcheck: 'false',
    autocomplete: 'off',
  });
  input.value = text;
  const list = h('ul', {
    id: 'filter-list',
    class: 'suggestions',
    role: 'listbox',
    'aria-label': 'Suggestions',
  });
  list.hidden = true;
  const problem = h('div', { id: 'filter-problem', class: 'problem', role: 'status' });
  let shown: FilterCompletion | undefined;
  let at = -1;
  let applied = text;
  let typing: ReturnType<typeof setTimeout> | undefined;

  const fail = (message: string | undefined): void => {
    problem.textContent = message ?? '';
    if (message === undefined) input.removeAttribute('aria-invalid');
    else input.setAttribute('aria-invalid', 'true');
  };
  const apply = (): void => {
    clearTimeout(typing);
    const filter = input.value.trim();
    const parsed = filter === '' ? undefined : parseRunFilter(filter);
    if (parsed?.ok === false) {
      fail(`At character ${parsed.at + 1}: ${parsed.message}`);
      return;
    }
    if (filter === applied) return;
    fail(undefined);
    applied = filter;
    changed(filter);
  };
  /** A name or value that is half typed is no mistake yet. */
  const isHalf = (): boolean => {
    if (shown === undefined || list.hidden) return false;
    const word = input.value.slice(shown.from, shown.to);
    return word !== '' && !shown.items.some((item) => item.text === word);
  };
  const later = (): void => {
    clearTimeout(typing);
    if (isHalf()) return;
    typing = setTimeout(apply, TYPING_MS);
  };
  const hide = (): void => {
    list.hidden = true;
    shown = undefined;
    at = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const point = (to: number): void => {
    const options = [...list.children];
    at = options.length === 0 ? -1 : (to + options.length) % options.length;
    options.forEach((option, index) => option.setAttribute('aria-selected', String(index === at)));
    const option = options[at];
    if (option === undefined) return;
    input.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  };
  const take = (index: number): void => {
    const item = shown?.items[index];
    if (shown === undefined || item === undefined) return;
    const [before, after] = [input.value.slice(0, shown.from), input.value.slice(shown.to)];
    const gap = after.startsWith(' ') || item.text.endsWith('(') ? '' : ' ';
    input.value = `${before}${item.text}${gap}${after}`;
    const cursor = before.length + item.text.length + gap.length;
    input.setSelectionRange(cursor, cursor);
    offer();
    later();
  };
  const offer = (): void => {
    const cursor = input.selectionStart ?? input.value.length;
    shown = completeFilter(input.value, cursor, wordsOf());
    at = -1;
    input.removeAttribute('aria-activedescendant');
    list.replaceChildren(
      ...shown.items.map(({ text: words, detail }, index) => {
        const option = h(
          'li',
          { id: `suggestion-${index}`, role: 'option', 'aria-selected': 'false' },
          h('span', { class: 'mono' }, words),
          h('span', { class: 'dim' }, detail),
        );
        // Before the input loses the keyboard.
        option.addEventListener('mousedown', (event) => {
          event.preventDefault();
          take(index);
        });
        return option;
      }),
    );
    list.hidden = shown.items.length === 0;
    input.setAttribute('aria-expanded', String(!list.hidden));
  };
  input.addEventListener('input', () => {
    offer();
    later();
  });
  input.addEventListener('blur', () => {
    hide();
    apply();
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' && (list.hidden || event.altKey)) offer();
    else if (event.key === 'ArrowDown') point(at + 1);
    else if (event.key === 'ArrowUp' && !list.hidden) point(at < 0 ? -1 : at - 1);
    else if ((event.key === 'Enter' || event.key === 'Tab') && !list.hidden && at >= 0) take(at);
    else if (event.key === 'Enter') {
      hide();
      apply();
    } else if (event.key === 'Escape' && !list.hidden) {
      hide();
      later();
    } else if (event.key === ' ' && event.ctrlKey) offer();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return {
    element: h('div', { class: 'filter-box' }, input, list, problem),
    fail,
    set: (filter) => {
      input.value = filter;
      apply();
    },
    focus: () => input.focus(),
  };
}
