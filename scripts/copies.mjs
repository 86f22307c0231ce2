// Finds code that is there twice: runs of tokens that are the same but for blanks and comments. Fails where a copy is longer than
// LONGEST, or more of the product is a copy than MOST_SHARE: both only ever go down. With --list it prints every copy.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** Tokens that a run needs to count as a copy: half a dozen lines. */
const LEAST = 40;
const LONGEST = 75;
const MOST_SHARE = 0.005;

process.chdir(path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..'));

const { SyntaxKind } = ts;
/** After these a slash divides. */
const VALUES = new Set([
  SyntaxKind.Identifier,
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.NumericLiteral,
]);

/** The tokens of a file, without imports: they are the same wherever the same is needed. */
function tokensOf(file) {
  const text = readFileSync(file, 'utf8');
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, text);
  const tokens = [];
  /** Braces that are open in each template around here. */
  const templates = [];
  let importing = false;
  let before;
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    if (kind === SyntaxKind.TemplateHead) templates.push(0);
    else if (kind === SyntaxKind.OpenBraceToken && templates.length > 0) templates[templates.length - 1]++;
    else if (
      kind === SyntaxKind.CloseBraceToken &&
      templates.length > 0 &&
      templates[templates.length - 1]-- === 0
    )
      if (scanner.reScanTemplateToken(false) === SyntaxKind.TemplateTail) templates.pop();
      else templates[templates.length - 1] = 0;
    else if (kind === SyntaxKind.SlashToken && !VALUES.has(before)) scanner.reScanSlashToken();
    if (
      kind === SyntaxKind.ImportKeyword &&
      /^import\s[^;]*from/.test(text.slice(scanner.getTokenStart(), scanner.getTokenStart() + 2_000))
    )
      importing = true;
    if (!importing) tokens.push({ text: scanner.getTokenText(), at: scanner.getTokenStart() });
    if (kind === SyntaxKind.SemicolonToken) importing = false;
    before = kind;
  }
  return { file, text, tokens };
}

const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'extension', 'media', 'server']);
const files = [...new Set(listed.toString().split('\n'))]
  .filter((file) => file.endsWith('.ts') && existsSync(file))
  .map(tokensOf);

/** Where a run of LEAST tokens was first seen. */
const seen = new Map();
const copies = [];
for (const own of files) {
  const { tokens } = own;
  const fresh = [];
  for (let start = 0; start + LEAST <= tokens.length; start++) {
    const key = tokens
      .slice(start, start + LEAST)
      .map(({ text }) => text)
      .join(' ');
    const first = seen.get(key);
    if (first === undefined) {
      fresh.push([key, { of: own, start }]);
      // Of the same file only what lies wholly before counts, or a list of equal rows would be a copy of itself.
      if (fresh.length > LEAST) seen.set(...fresh.shift());
      continue;
    }
    let length = LEAST;
    while (
      start + length < tokens.length &&
      tokens[start + length].text === first.of.tokens[first.start + length]?.text
    )
      length++;
    copies.push({ own, start, first, length });
    start += length - 1;
  }
  for (const [key, place] of fresh) if (!seen.has(key)) seen.set(key, place);
}

const all = files.reduce((sum, { tokens }) => sum + tokens.length, 0);
const share = copies.reduce((sum, { length }) => sum + length, 0) / all;
copies.sort((a, b) => b.length - a.length);
const lineAt = (text, at) => text.slice(0, at).split('\n').length;
const place = ({ file, text, tokens }, start, length) =>
  `${file}:${lineAt(text, tokens[start].at)}-${lineAt(text, tokens[start + length - 1].at)}`;
const tooLong = copies.filter(({ length }) => length > LONGEST);
for (const { own, start, first, length } of process.argv.includes('--list') ? copies : tooLong)
  console.log(`${length} tokens: ${place(own, start, length)} is ${place(first.of, first.start, length)}`);
const percent = (part) => `${(part * 100).toFixed(2)} %`;
console.log(
  `${copies.length} copies, the longest of ${copies[0]?.length ?? 0} tokens (at most ${LONGEST}); ` +
    `${percent(share)} of ${all} tokens (at most ${percent(MOST_SHARE)})`,
);
if (tooLong.length > 0 || share > MOST_SHARE) process.exitCode = 1;
