/** Charts as files: an SVG that stands alone, and a PNG of it. */

/** What of an element's looks comes from style sheets, and is written into it. */
const LOOKS = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linejoin',
  'opacity',
  'visibility',
  'font-family',
  'font-size',
  'font-weight',
];

/** Pixels of a PNG for each unit of the drawing. */
const SHARPNESS = 2;

/** The drawing with its colours and letters in it, on the page's background. */
export function svgText(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const [own, copies] = [svg.querySelectorAll('*'), copy.querySelectorAll('*')];
  own.forEach((element, at) => {
    const target = copies[at];
    if (target === undefined) return;
    const looks = getComputedStyle(element);
    for (const name of LOOKS) target.setAttribute(name, looks.getPropertyValue(name));
    for (const name of ['class', 'style', 'tabindex', 'role']) target.removeAttribute(name);
  });
  const { width, height } = svg.viewBox.baseVal;
  const background = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  background.setAttribute('width', '100%');
  background.setAttribute('height', '100%');
  background.setAttribute('fill', getComputedStyle(document.body).backgroundColor);
  copy.prepend(background);
  for (const name of ['class', 'style', 'tabindex', 'data-key']) copy.removeAttribute(name);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  copy.querySelectorAll('[hidden]').forEach((element) => element.remove());
  return new XMLSerializer().serializeToString(copy);
}

/** @returns the bytes of a PNG, in base64 */
export async function pngBase64(svg: SVGSVGElement): Promise<string> {
  const { width, height } = svg.viewBox.baseVal;
  const image = new Image();
  const loaded = new Promise<void>((resolve, reject) => {
    image.onload = () => resolve();
    image.onerror = () => reject(new Error('The chart can’t be drawn.'));
  });
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(svg))}`;
  await loaded;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width * SHARPNESS, height * SHARPNESS];
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png').slice('data:image/png;base64,'.length);
}
