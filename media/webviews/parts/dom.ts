/** Making elements. Text always goes in as text, so that nothing out of a file becomes markup. */
import { look } from '../shared/status.js';
import { on } from './patch.js';
import type { TaskStatus } from '../../../server/protocol/index.js';

type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | number | undefined>>;

const SVG = 'http://www.w3.org/2000/svg';

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) element.setAttribute(name, String(value));
  for (const child of children) if (child !== undefined) element.append(child);
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  fill(element, attributes, children);
  return element;
}

/** A codicon that screen readers pass over: the words beside it say the same. */
export function icon(name: string, extra = ''): HTMLElement {
  return h('span', { class: `codicon codicon-${name} ${extra}`.trim(), 'aria-hidden': 'true' });
}

/** The icon of a status in its colour. */
export function statusIcon(status: TaskStatus | undefined): HTMLElement {
  const shape = look(status);
  return icon(shape.icon, `status-${status ?? 'none'}${shape.spin ? ' codicon-modifier-spin' : ''}`);
}

/** A button with an icon and, unless it is only an icon, words. */
export function button(
  codicon: string,
  label: string,
  act: () => void,
  options: { readonly iconOnly?: boolean; readonly primary?: boolean } = {},
): HTMLButtonElement {
  const kind = options.iconOnly === true ? 'icon' : options.primary === true ? 'primary' : 'secondary';
  const element = h(
    'button',
    { type: 'button', class: kind, title: label, 'aria-label': label },
    icon(codicon),
    options.iconOnly === true ? undefined : label,
  );
  on(element, 'click', act);
  return element;
}

/** A box to tick, with its words. */
export function checkbox(
  id: string,
  words: string,
  checked: boolean,
  changed: (checked: boolean) => void,
): HTMLElement {
  const box = h('input', { type: 'checkbox', id, 'data-key': id });
  box.checked = checked;
  on(box, 'change', (_, live) => changed(live.checked));
  return h('label', { for: id }, box, words);
}

/** A button in a text. @param key keeps the focus when it is drawn again */
export function link(text: string, title: string, key: string, act: () => void): HTMLElement {
  const element = h('button', { type: 'button', class: 'link', title, 'data-key': key }, text);
  on(element, 'click', act);
  return element;
}
