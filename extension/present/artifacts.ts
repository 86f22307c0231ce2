/** Which opener shows an artifact. */
import type { ArtifactView } from '../../server/protocol.js';

export type Opener = 'html' | 'image' | 'text' | 'folder' | 'other';

const TEXT = /^(?:text\/|application\/(?:json|x-ndjson|yaml|x-yaml|toml|xml|sql|javascript)\b)/;
const TEXT_NAMES =
  /\.(?:txt|log|md|csv|tsv|json|jsonl|ndjson|ya?ml|toml|ini|cfg|xml|py|sh|r|sql|js|ts|ipynb)$/i;

/** HTML goes to a panel that runs nothing; images and text to editors; the rest is shown in its folder. */
export function openerFor(artifact: Pick<ArtifactView, 'mime' | 'path'>): Opener {
  const mime = artifact.mime.toLowerCase();
  if (mime === 'inode/directory') return 'folder';
  if (mime.startsWith('text/html') || /\.x?html?$/i.test(artifact.path)) return 'html';
  if (mime.startsWith('image/svg') || /\.svg$/i.test(artifact.path)) return 'image';
  if (mime.startsWith('image/')) return 'image';
  if (TEXT.test(mime) || TEXT_NAMES.test(artifact.path)) return 'text';
  return 'other';
}

/**
 * A page from a run's outputs made safe to look at: a policy before everything else in it forbids scripts, frames,
 * forms and every address but data, and the panel that shows it has scripts off besides.
 */
export function sealedHtml(html: string): string {
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    'img-src data: blob:',
    'font-src data:',
    'media-src data:',
    "form-action 'none'",
    "base-uri 'none'",
  ].join('; ');
  const withoutRefresh = html.replaceAll(/<meta[^>]+http-equiv\s*=\s*["']?refresh[^>]*>/gi, '');
  return `<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="${policy}">\n${withoutRefresh}`;
}
