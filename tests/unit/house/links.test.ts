/** Every link of every page leads to a file that is there, and to a heading that it has. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

/** The anchors that GitHub gives the headings of a page. */
function anchors(page: string): Set<string> {
  const text = readFileSync(page, 'utf8').replace(/^```.*?^```$/gms, '');
  const seen = new Map<string, number>();
  return new Set(
    [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) => {
      const slug = title
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
        .replaceAll(' ', '-');
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times === 0 ? slug : `${slug}-${times}`;
    }),
  );
}

/** What is wrong with the links of a page; those that lead out of the repository are not followed. */
function deadLinks(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^```.*?^```$/gms, '');
  return [...text.replace(/`[^`\n]+`/g, '').matchAll(/\]\(<?([^)\s>]+)>?\)|(?:src|href)="([^"]+)"/g)]
    .map(([, inline, html]) => inline ?? html ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
    .flatMap((link) => {
      const [to = '', anchor] = link.split('#');
      const file = to === '' ? page : path.posix.normalize(path.posix.join(path.posix.dirname(page), to));
      if (!existsSync(file)) return [`${page}: ${link}: there is no ${file}`];
      if (anchor === undefined || anchors(file).has(anchor)) return [];
      return [`${page}: ${link}: ${file} has no such heading`];
    });
}

test('every link of every page leads somewhere', () => {
  const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
    .filter((page) => !page.includes('/fixtures/') && existsSync(page));
  assert.ok(pages.length > 100, String(pages.length));
  assert.deepEqual(pages.flatMap(deadLinks), []);
});

test('every page of the docs is reached from their first page', () => {
  const reached = new Set<string>();
  const walk = (page: string): void => {
    if (reached.has(page)) return;
    reached.add(page);
    for (const [, to = ''] of readFileSync(page, 'utf8').matchAll(/\]\(([^)\s#:]+\.md)(?:#[^)]*)?\)/g)) {
      const file = path.posix.normalize(path.posix.join(path.posix.dirname(page), to));
      if (existsSync(file)) walk(file);
    }
  };
  walk('docs/README.md');
  const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'docs/*.md'], {
    encoding: 'utf8',
  });
  assert.deepEqual(
    pages
      .trim()
      .split('\n')
      .filter((page) => existsSync(page) && !reached.has(page)),
    [],
  );
});
