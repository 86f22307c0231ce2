/** Masking belongs to whoever writes output; services write it, too. */
export { Masks, StreamMask, wholeCharacters } from '../stores/masks.js';
