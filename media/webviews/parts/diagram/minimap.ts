/** A small picture of a drawing that is larger than its window: what there is, what is on screen, and the way there. */
import { h, s } from '../dom.js';
import { on, replace } from '../patch.js';

const WIDTH = 180;
const HEIGHT = 120;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Minimap {
  /** @param boxes with the class that colours them */
  draw(size: Pick<Box, 'width' | 'height'>, boxes: readonly (Box & { readonly kind: string })[]): void;
  /** @param shown what is on screen, in the drawing's own measure */
  follow(shown: Box): void;
}

/** @param go brings a place of the drawing to the middle of the window */
export function minimap(stage: HTMLElement, go: (x: number, y: number) => void): Minimap {
  const frame = s('rect', { class: 'minimap-frame' });
  const boxes = s('g');
  const svg = s('svg', { class: 'minimap-drawing' }, boxes, frame);
  // The keyboard walks in the drawing itself.
  const element = h('div', { class: 'minimap', 'aria-hidden': 'true', hidden: '' }, svg);
  stage.append(element);
  let size = { width: 0, height: 0 };
  let scale = 1;
  let pressed = false;
  const goTo = (event: PointerEvent): void => {
    const { left, top } = svg.getBoundingClientRect();
    go((event.clientX - left) / scale, (event.clientY - top) / scale);
  };
  on(element, 'pointerdown', (event) => {
    pressed = true;
    element.setPointerCapture(event.pointerId);
    goTo(event);
  });
  on(element, 'pointermove', (event) => {
    if (pressed) goTo(event);
  });
  on(element, 'pointerup', () => {
    pressed = false;
  });
  on(element, 'pointercancel', () => {
    pressed = false;
  });
  return {
    draw: (next, places) => {
      size = next;
      scale = Math.min(WIDTH / Math.max(1, size.width), HEIGHT / Math.max(1, size.height));
      svg.setAttribute('width', String(Math.max(24, size.width * scale)));
      svg.setAttribute('height', String(Math.max(12, size.height * scale)));
      replace(
        boxes,
        ...places.map(({ x, y, width, height, kind }) =>
          s(
            'g',
            { class: `kind-${kind}` },
            s('rect', {
              class: 'edge-mark',
              x: x * scale,
              y: y * scale,
              width: Math.max(2, width * scale),
              height: Math.max(2, height * scale),
            }),
          ),
        ),
      );
    },
    follow: (shown) => {
      const all = shown.width >= size.width && shown.height >= size.height;
      element.hidden = all || size.width === 0;
      frame.setAttribute('x', String(shown.x * scale));
      frame.setAttribute('y', String(shown.y * scale));
      frame.setAttribute('width', String(shown.width * scale));
      frame.setAttribute('height', String(shown.height * scale));
    },
  };
}
