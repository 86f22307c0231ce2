/** A drawing that can be moved and zoomed. */
import { s } from '../dom.js';
import { replace } from '../patch.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Place extends Size {
  readonly x: number;
  readonly y: number;
}

interface State {
  readonly x: number;
  readonly y: number;
  readonly k: number;
}

export interface Viewport {
  /** @param toward where to look when not everything can be shown; the beginning without it */
  draw(content: readonly SVGElement[], size: Size, label: string, toward?: Place): void;
  /** Zooms around the middle. */
  zoom(factor: number): void;
  /** Shows everything, not larger than life, and not smaller than can be read: what does not fit then is moved to. */
  fit(): void;
  /** Brings a place of the drawing to the middle. */
  go(x: number, y: number): void;
  /** How large something of this size would be shown, 1 being life size. */
  scaleOf(size: Size): number;
  /** Whether nobody has moved it, so that it follows the window. */
  isFree(): boolean;
  /** Moves just as far that a place is on screen. */
  reveal(place: Place): void;
  /** Goes back to where it was; answers whether it could. */
  restore(state: unknown): boolean;
}

const LEAST = 0.1;
/** The smallest letters are 13 px: so they are shown with 12 px at least, unless somebody zooms out. */
const LEAST_FIT = 12 / 13;
const MOST = 3;
const MARGIN = 24;

function isState(value: unknown): value is State {
  if (typeof value !== 'object' || value === null) return false;
  return ['x', 'y', 'k'].every((key) => Number.isFinite((value as Record<string, unknown>)[key]));
}

/**
 * @param moved is told where the drawing stands, to remember it
 * @param shows is told what is on screen, in the drawing's own measure
 */
export function viewport(
  stage: HTMLElement,
  moved: (state: State) => void,
  shows: (shown: Place) => void,
): Viewport {
  const layer = s('g');
  const svg = s('svg', { class: 'canvas', role: 'group' }, layer);
  stage.append(svg);
  let size: Size = { width: 0, height: 0 };
  let at: State = { x: 0, y: 0, k: 1 };
  /** Nobody has moved it: it follows the window. */
  let free = true;
  let towards: Place | undefined;

  const set = (next: State, byHand = true): void => {
    at = { ...next, k: Math.min(MOST, Math.max(LEAST, next.k)) };
    layer.setAttribute('transform', `translate(${at.x} ${at.y}) scale(${at.k})`);
    shows({
      x: -at.x / at.k,
      y: -at.y / at.k,
      width: stage.clientWidth / at.k,
      height: stage.clientHeight / at.k,
    });
    if (!byHand) return;
    free = false;
    moved(at);
  };
  const around = (x: number, y: number, factor: number): void => {
    const k = Math.min(MOST, Math.max(LEAST, at.k * factor));
    set({ k, x: x - ((x - at.x) * k) / at.k, y: y - ((y - at.y) * k) / at.k });
  };
  const scaleOf = ({ width, height }: Size): number =>
    Math.max(
      LEAST,
      Math.min(1, (stage.clientWidth - 2 * MARGIN) / width, (stage.clientHeight - 2 * MARGIN) / height),
    );
  const fit = (): void => {
    const { clientWidth, clientHeight } = stage;
    if (size.width === 0 || clientWidth === 0) return;
    const k = Math.max(LEAST_FIT, scaleOf(size));
    /** In the middle; what is longer than the window with what matters in the middle, or from its beginning. */
    const along = (length: number, window: number, middle: number | undefined): number => {
      const least = window - MARGIN - length * k;
      if (least >= MARGIN) return (window - length * k) / 2;
      return middle === undefined ? MARGIN : Math.min(MARGIN, Math.max(least, window / 2 - middle * k));
    };
    set(
      {
        k,
        x: along(size.width, clientWidth, towards && towards.x + towards.width / 2),
        y: along(size.height, clientHeight, towards && towards.y + towards.height / 2),
      },
      false,
    );
    free = true;
  };
  new ResizeObserver(() => {
    if (free) fit();
  }).observe(stage);

  let drag: { readonly x: number; readonly y: number; readonly from: State } | undefined;
  svg.addEventListener('pointerdown', (event) => {
    if (event.target instanceof Element && event.target.closest('.node')) return;
    drag = { x: event.clientX, y: event.clientY, from: at };
    svg.setPointerCapture(event.pointerId);
    svg.classList.add('dragging');
  });
  svg.addEventListener('pointermove', (event) => {
    if (drag)
      set({ ...drag.from, x: drag.from.x + event.clientX - drag.x, y: drag.from.y + event.clientY - drag.y });
  });
  const end = (): void => {
    drag = undefined;
    svg.classList.remove('dragging');
  };
  svg.addEventListener('pointerup', end);
  svg.addEventListener('pointercancel', end);
  svg.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const box = svg.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey)
        around(event.clientX - box.left, event.clientY - box.top, Math.exp(-event.deltaY / 200));
      else if (event.shiftKey) set({ ...at, x: at.x - event.deltaY, y: at.y - event.deltaX });
      else set({ ...at, x: at.x - event.deltaX, y: at.y - event.deltaY });
    },
    { passive: false },
  );

  return {
    draw: (content, next, label, toward) => {
      size = next;
      towards = toward;
      svg.setAttribute('aria-label', label);
      replace(layer, ...content);
      if (free) fit();
      else set(at, false);
    },
    go: (x, y) => set({ ...at, x: stage.clientWidth / 2 - x * at.k, y: stage.clientHeight / 2 - y * at.k }),
    zoom: (factor) => around(stage.clientWidth / 2, stage.clientHeight / 2, factor),
    fit,
    scaleOf,
    isFree: () => free,
    reveal: (place) => {
      const left = place.x * at.k + at.x;
      const top = place.y * at.k + at.y;
      const right = left + place.width * at.k;
      const bottom = top + place.height * at.k;
      const x = left < MARGIN ? MARGIN - left : Math.min(0, stage.clientWidth - MARGIN - right);
      const y = top < MARGIN ? MARGIN - top : Math.min(0, stage.clientHeight - MARGIN - bottom);
      if (x !== 0 || y !== 0) set({ ...at, x: at.x + x, y: at.y + y });
    },
    restore: (state) => {
      if (!isState(state)) return false;
      set(state);
      return true;
    },
  };
}
