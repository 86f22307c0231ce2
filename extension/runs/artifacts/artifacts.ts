/** Which opener shows an artifact. */
import type { ArtifactView } from '../../../server/protocol/index.js';

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
 * A page from a run's outputs made safe to look at: a frame that may do nothing (no scripts, forms, windows, navigation,
 * origin of its own), under a policy that lets it load nothing but what it holds as data. What a policy does not cover is
 * taken out: links, which make the browser look names up and connect ahead of need, and the page's orders to the browser.
 * Tags and attributes can't be written in any other way than by their names, so that looking for the names finds them all.
 */
export function sealedHtml(html: string): string {
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    'img-src data: blob:',
    'font-src data:',
    'media-src data:',
    "form-action 'none'",
    'base-uri about:',
  ].join('; ');
  const inert = html
    .replaceAll(/<(?:link|base)(?=[\t\n\f\r />])/gi, '<meta')
    // By another word and not by nothing, or what is left and right of it would make the name again.
    .replaceAll(/http-equiv[\t\n\f\r ]*=[\t\n\f\r ]*(?:"[^"]*"|'[^']*'|[^\t\n\f\r >"']*)/gi, 'data-order=""')
    // A page within the page: what it holds can be written in another way.
    .replaceAll(/srcdoc(?=[\t\n\f\r ]*=)/gi, 'data-page')
    // A frame that may go nowhere would be left blank by a click on a link that leads out of the page.
    .replaceAll(/href(?=[\t\n\f\r ]*=[\t\n\f\r ]*["']?(?!["']|#|data:))/gi, 'data-to');
  // Else places in the page would be looked for in the page around it.
  const page = `<!DOCTYPE html><base href="about:srcdoc">${inert}`
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;');
  // A page that says nothing of colours expects to be black on white, whatever the theme.
  const style =
    'html, body { height: 100%; margin: 0; padding: 0; } iframe { display: block; border: 0; width: 100%; height: 100%; background: #fff; color-scheme: light; }';
  return `<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="${policy}">
<style>${style}</style><iframe sandbox title="Report" srcdoc="${page}"></iframe>`;
}
