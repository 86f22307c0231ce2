/** Markdown of a file that was made HTML, shown without anything in it that does something. */

/** Elements that are kept, without their attributes. */
const KEPT: ReadonlySet<string> = new Set(
  'p ul ol li strong em b i code pre blockquote h1 h2 h3 h4 h5 h6 table thead tbody tr th td hr br del s'.split(
    ' ',
  ),
);

/** Elements that go with all that is in them; of others only the element goes. */
const DROPPED: ReadonlySet<string> = new Set(
  'script style template iframe object embed svg math form select textarea button title noscript'.split(' '),
);

/** Deeper nesting than anybody writes by hand. */
const DEEPEST = 40;

/** Elements of our own for what is harmless; links lead to the web only. */
export function harmless(html: string): DocumentFragment {
  const made = document.createDocumentFragment();
  copy(new DOMParser().parseFromString(html, 'text/html').body, made, 0);
  return made;
}

function copy(from: Node, to: Node, depth: number): void {
  if (depth > DEEPEST) return;
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) to.appendChild(document.createTextNode(child.textContent ?? ''));
    if (!(child instanceof Element)) continue;
    const tag = child.localName;
    if (DROPPED.has(tag)) continue;
    const own = KEPT.has(tag) ? document.createElement(tag) : tag === 'a' ? link(child) : undefined;
    if (own === undefined) {
      copy(child, to, depth + 1);
      continue;
    }
    copy(child, own, depth + 1);
    to.appendChild(own);
  }
}

function link(from: Element): HTMLElement | undefined {
  const href = from.getAttribute('href') ?? '';
  if (!/^https?:\/\//i.test(href)) return undefined;
  const made = document.createElement('a');
  made.href = href;
  made.title = href;
  return made;
}
