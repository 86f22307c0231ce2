/**
 * The site made of docs/, as it is read on GitHub: pages and links are the same files. What differs is done here: a README
 * is its folder's first page, links out of docs/ lead to the repository, and the first page's lists are the sidebar.
 */
import { cp, readdir } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'vitepress';

const docs = path.resolve(import.meta.dirname, '..');
const REPOSITORY = 'https://github.com/modelyard/modelyard';
const NOT_PAGES = /\.(json|png|svg)$/;

/** The address of a page in the site, of its path below docs/. */
const addressOf = (page) => `/${page.replace(/README\.md$/, '').replace(/\.md$/, '')}`;

/** The anchors that GitHub makes, which the links of the pages are written for. */
const slugify = (title) =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');

/** Where a link of a page leads in the site. `from` is the page's path below docs/. */
function linkOf(link, from) {
  const [to = '', anchor] = link.split('#');
  if (to === '' || /^[a-z]+:/.test(link)) return link;
  const target = path.posix.join(path.posix.dirname(from), to);
  const hash = anchor === undefined ? '' : `#${anchor}`;
  if (target.startsWith('../')) return `${REPOSITORY}/blob/main/${target.slice(3)}${hash}`;
  if (target.endsWith('/') && !existsSync(path.join(docs, target, 'README.md')))
    return `${REPOSITORY}/tree/main/docs/${target}`;
  return NOT_PAGES.test(target) ? link : to.replace(/README\.md$/, 'index.md') + hash;
}

/** Sections with their links, of a page that is a list of pages: `##` is a group, a line in bold one within. */
function groupsOf(page) {
  const groups = [];
  let items;
  for (const line of readFileSync(path.join(docs, page), 'utf8').split('\n')) {
    const [, section] = /^## (.+)$/.exec(line) ?? [];
    const [, wing] = /^\*\*(.+)\*\*$/.exec(line) ?? [];
    // A row of a table begins with its page, as an entry of a list does.
    const [, text, to] = /^(?:- |\| )\[([^\]]+)\]\(([^)#]+\.md)\)/.exec(line) ?? [];
    if (section !== undefined) groups.push({ text: section.replace(/ …$/, ''), items: (items = []) });
    else if (wing !== undefined) groups.at(-1)?.items.push({ text: wing, items: (items = []) });
    else if (text !== undefined && items !== undefined) {
      const target = path.posix.join(path.posix.dirname(page), to);
      const title = text.replaceAll('`', '');
      const capital = groups.at(-1)?.text === 'How to' ? title[0].toUpperCase() + title.slice(1) : title;
      if (!target.startsWith('../')) items.push({ text: capital, link: addressOf(target) });
    }
  }
  return groups.filter((group) => group.items.length > 0);
}

function markdown(md) {
  const inlineCode = md.renderer.rules.code_inline;
  // `${{ … }}` is ours in a page, and never Vue's.
  md.renderer.rules.code_inline = (...all) =>
    inlineCode.apply(md.renderer, all).replace('<code', '<code v-pre');
  md.renderer.rules.text = (tokens, at) =>
    md.utils.escapeHtml(tokens[at].content).replaceAll('{{', '&#123;&#123;');
  md.core.ruler.push('links-of-the-site', ({ tokens, env }) => {
    const all = tokens.flatMap((token) => token.children ?? []);
    for (const token of all.filter(({ type }) => type === 'link_open')) {
      const href = token.attrGet('href');
      if (href !== null) token.attrSet('href', linkOf(decodeURI(href), path.posix.relative(docs, env.path)));
    }
  });
}

export default defineConfig({
  title: 'Modelyard',
  description: 'MLOps inside VS Code, local first: pipelines, experiments, models, features and services.',
  lang: 'en',
  // Where it is served, `/modelyard/` of GitHub Pages for example.
  base: process.env.DOCS_BASE ?? '/',
  outDir: '../out/site',
  cacheDir: '../out/site-cache',
  rewrites: (page) => page.replace(/(^|\/)README\.md$/, '$1index.md'),
  head: [['link', { rel: 'icon', href: `${process.env.DOCS_BASE ?? '/'}icon.png` }]],
  markdown: { config: markdown, anchor: { slugify }, theme: { light: 'light-plus', dark: 'dark-plus' } },
  themeConfig: {
    logo: '/icon.png',
    search: { provider: 'local' },
    nav: [
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'How to', link: '/#how-to-' },
      { text: 'Reference', link: '/reference/language' },
      { text: 'Rules', link: '/rules/' },
    ],
    sidebar: {
      '/': [{ text: 'Tutorial', link: '/tutorial' }, ...groupsOf('README.md')],
      '/rules/': groupsOf('rules/README.md').map((group) => ({ ...group, collapsed: false })),
    },
    outline: { level: [2, 3] },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    footer: { message: 'Apache-2.0' },
  },
  transformPageData(page) {
    if (page.relativePath !== 'index.md') return;
    page.frontmatter.layout = 'home';
    page.frontmatter.hero = {
      name: 'Modelyard',
      text: 'MLOps inside VS Code',
      tagline:
        'Pipelines that run only what changed, experiments, models, features and services. Local first, without a server.',
      actions: [
        { theme: 'brand', text: 'From nothing to a deployed model', link: '/tutorial' },
        { theme: 'alt', text: 'The language', link: '/reference/language' },
      ],
    };
  },
  async buildEnd({ outDir }) {
    await cp(path.join(docs, '../media/icon.png'), path.join(outDir, 'icon.png'));
    // Schemas are linked as files.
    for (const folder of ['schema', 'json'])
      for (const name of await readdir(path.join(docs, folder)))
        if (name.endsWith('.json')) await cp(path.join(docs, folder, name), path.join(outDir, folder, name));
  },
});
