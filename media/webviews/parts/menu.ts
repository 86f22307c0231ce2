/** A menu over the page: opened by a press or a key, used by either, gone when something else is pressed. */
import { h, icon } from './dom.js';

export interface MenuItem {
  readonly label: string;
  /** A codicon. */
  readonly icon?: string;
  /** Present: it is ticked or not. The menu then stays. */
  readonly checked?: boolean;
  readonly disabled?: boolean;
  /** A line above it. */
  readonly apart?: boolean;
  readonly act: () => void;
}

let close: (() => void) | undefined;

/** Where a menu opens: below an element, or at a place of the window. */
export type Anchor = Element | { readonly x: number; readonly y: number };

/**
 * Opens a menu, and closes the one that is open.
 *
 * @param label what it is a menu of
 * @param itemsOf asked again after an item was ticked
 * @param back has the keyboard when the menu is closed
 */
export function openMenu(
  anchor: Anchor,
  label: string,
  itemsOf: () => readonly MenuItem[],
  back: HTMLElement,
): void {
  close?.();
  const menu = h('div', { class: 'menu', role: 'menu', 'aria-label': label, tabindex: -1 });
  const leave = (focus: boolean): void => {
    document.removeEventListener('mousedown', outside, true);
    window.removeEventListener('blur', away);
    menu.remove();
    close = undefined;
    if (focus) back.focus({ preventScroll: true });
  };
  const outside = (event: Event): void => {
    if (event.target instanceof Node && !menu.contains(event.target)) leave(false);
  };
  const away = (): void => leave(false);
  const draw = (at: number): void => {
    const items = itemsOf();
    menu.replaceChildren(
      ...items.map((item) => {
        const role = item.checked === undefined ? 'menuitem' : 'menuitemcheckbox';
        const element = h(
          'button',
          {
            type: 'button',
            role,
            class: item.apart === true ? 'item apart' : 'item',
            tabindex: -1,
            'aria-checked': item.checked === undefined ? undefined : String(item.checked),
          },
          icon(item.checked === true ? 'check' : (item.icon ?? 'blank')),
          h('span', {}, item.label),
        );
        element.disabled = item.disabled === true;
        element.addEventListener('click', () => {
          if (item.checked === undefined) leave(true);
          item.act();
          if (item.checked !== undefined) draw(entries().indexOf(element));
        });
        return element;
      }),
    );
    focusAt(at);
  };
  const entries = (): HTMLButtonElement[] => [...menu.querySelectorAll('button')];
  const focusAt = (at: number): void => {
    const all = entries();
    const [usable] = [...all.slice(Math.max(0, at)), ...all].filter(({ disabled }) => !disabled);
    (usable ?? menu).focus({ preventScroll: true });
    usable?.scrollIntoView({ block: 'nearest' });
  };
  menu.addEventListener('keydown', (event) => {
    event.stopPropagation();
    const all = entries().filter(({ disabled }) => !disabled);
    const now = all.findIndex((one) => one === document.activeElement);
    const to = {
      ArrowDown: (now + 1) % Math.max(1, all.length),
      ArrowUp: (now - 1 + all.length) % Math.max(1, all.length),
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (to !== undefined) all[to]?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') leave(true);
    else if (/^\S$/.test(event.key)) {
      const letter = event.key.toLowerCase();
      const found = [...all.slice(now + 1), ...all].find((one) =>
        one.textContent.trim().toLowerCase().startsWith(letter),
      );
      found?.focus();
      return;
    } else return;
    event.preventDefault();
  });
  document.body.append(menu);
  draw(0);
  const box = menu.getBoundingClientRect();
  const from = anchor instanceof Element ? anchor.getBoundingClientRect() : undefined;
  const [x, y] = anchor instanceof Element ? [from?.left ?? 0, from?.bottom ?? 0] : [anchor.x, anchor.y];
  menu.style.left = `${Math.max(4, Math.min(x, window.innerWidth - box.width - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(y, window.innerHeight - box.height - 4))}px`;
  document.addEventListener('mousedown', outside, true);
  window.addEventListener('blur', away);
  close = () => leave(false);
}
