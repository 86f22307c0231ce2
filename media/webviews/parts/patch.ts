/**
 * Draws a page again in place: elements that are still meant stay the ones they were, so that a press, a tooltip, a selection,
 * the focus and the place of a scrolled part outlive what arrives meanwhile.
 *
 * Pages build what they show anew each time; what is built is compared with what is there. Handlers move along, so they must
 * be given with `on` and ask the element they are handed, not the one that was built.
 */

type Handler = (event: Event, live: Element) => void;

const handlers = new WeakMap<Element, Map<string, Handler>>();
const wholes = new WeakSet<Node>();

function dispatch(this: unknown, event: Event): void {
  const { currentTarget } = event;
  if (currentTarget instanceof Element) handlers.get(currentTarget)?.get(event.type)?.(event, currentTarget);
}

/** Listens to an element. @param act gets the element of the page, which may be an older one than was built */
export function on<E extends Element, K extends keyof HTMLElementEventMap>(
  element: E,
  type: K,
  act: (event: HTMLElementEventMap[K], live: E) => void,
): void {
  const own = handlers.get(element) ?? new Map<string, Handler>();
  own.set(type, act as Handler);
  handlers.set(element, own);
  element.addEventListener(type, dispatch);
}

/** An element that is never patched, since somebody holds it or its parts: the new one takes the place of the old one. */
export function whole<E extends Element>(element: E): E {
  wholes.add(element);
  return element;
}

function keyOf(node: Node): string | undefined {
  return node instanceof HTMLElement || node instanceof SVGElement ? node.dataset['key'] : undefined;
}

function canPatch(old: Node, next: Node): boolean {
  if (old instanceof Text) return next instanceof Text;
  if (!(old instanceof Element) || !(next instanceof Element) || wholes.has(old) || wholes.has(next))
    return false;
  return (
    old.tagName === next.tagName &&
    old.id === next.id &&
    old.classList.item(0) === next.classList.item(0) &&
    keyOf(old) === keyOf(next)
  );
}

function patchAttributes(old: Element, next: Element): void {
  for (const name of old.getAttributeNames())
    if (name !== 'style' && !next.hasAttribute(name)) old.removeAttribute(name);
  for (const name of next.getAttributeNames()) {
    const value = next.getAttribute(name) ?? '';
    if (name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  // By the object model: the policy of the page refuses the attribute.
  if (
    (old instanceof HTMLElement || old instanceof SVGElement) &&
    (old instanceof HTMLElement || next instanceof SVGElement)
  ) {
    const { cssText } = (next as HTMLElement | SVGElement).style;
    if (old.style.cssText !== cssText) old.style.cssText = cssText;
  }
}

function patchState(old: Element, next: Element): void {
  if (old instanceof HTMLInputElement && next instanceof HTMLInputElement) {
    if (old.checked !== next.checked) old.checked = next.checked;
    // What is being typed is newer than what the page knows.
    if (old !== document.activeElement && old.value !== next.value) old.value = next.value;
  } else if (old instanceof HTMLSelectElement && next instanceof HTMLSelectElement) {
    if (old.value !== next.value) old.value = next.value;
  }
}

function patchNode(old: Node, next: Node): void {
  if (old instanceof Text && next instanceof Text) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  if (!(old instanceof Element) || !(next instanceof Element)) return;
  patchAttributes(old, next);
  patchChildren(old, [...next.childNodes]);
  patchState(old, next);
  const own = handlers.get(next);
  if (own === undefined) handlers.delete(old);
  else {
    handlers.set(old, own);
    for (const type of own.keys()) old.addEventListener(type, dispatch);
  }
}

function patchChildren(parent: Element, next: readonly Node[]): void {
  const wanted = new Set(next);
  const keys = new Set(next.map(keyOf));
  const byKey = new Map<string, Node>();
  for (const child of parent.childNodes) {
    const key = keyOf(child);
    if (key !== undefined) byKey.set(key, child);
  }
  /** Nodes that have a place further on. */
  const isWanted = (node: Node): boolean => {
    const key = keyOf(node);
    return wanted.has(node) || (key !== undefined && keys.has(key));
  };
  let cursor: ChildNode | null = parent.firstChild;
  const passTo = (node: Node): void => {
    for (let at = cursor; at !== null && at !== node;) {
      const { nextSibling }: ChildNode = at;
      if (!isWanted(at)) at.remove();
      at = nextSibling;
    }
    cursor = node.nextSibling;
  };
  const ahead = (node: Node): boolean => {
    for (let at = cursor; at !== null; at = at.nextSibling) if (at === node) return true;
    return false;
  };
  const findFor = (node: Node): Node | undefined => {
    if (wanted.has(node) && node.parentNode === parent) return node;
    const key = keyOf(node);
    if (key !== undefined) {
      const old = byKey.get(key);
      if (old === undefined) return undefined;
      byKey.delete(key);
      if (canPatch(old, node)) return old;
      if (old === cursor) cursor = cursor.nextSibling;
      old.parentNode?.removeChild(old);
      return undefined;
    }
    for (let at = cursor; at !== null; at = at.nextSibling)
      if (!isWanted(at) && keyOf(at) === undefined && canPatch(at, node)) return at;
    return undefined;
  };
  for (const node of next) {
    const old = findFor(node);
    if (old === undefined) {
      parent.insertBefore(node, cursor);
      continue;
    }
    // Stays where it is if it can: a node that moves loses the press that is on it.
    if (ahead(old)) passTo(old);
    else parent.insertBefore(old, cursor);
    if (old !== node) patchNode(old, node);
  }
  while (cursor !== null) {
    const { nextSibling }: ChildNode = cursor;
    cursor.remove();
    cursor = nextSibling;
  }
}

/** Puts new content into an element, in place; what had the keyboard and had to be replaced has it again by its `data-key`. */
export function replace(parent: Element, ...children: readonly (Node | string | undefined)[]): void {
  const active = document.activeElement;
  const key = active === null ? undefined : keyOf(active);
  patchChildren(
    parent,
    children.flatMap((child) =>
      child === undefined ? [] : typeof child === 'string' ? document.createTextNode(child) : child,
    ),
  );
  // A page that has not the keyboard takes it from nobody: a picker would close.
  if (key === undefined || document.activeElement === active || !document.hasFocus()) return;
  const again = parent.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (again instanceof HTMLElement || again instanceof SVGElement) again.focus({ preventScroll: true });
}
