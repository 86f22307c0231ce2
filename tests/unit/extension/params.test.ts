/** Answers to params, artifacts' openers, and HTML that is shown. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openerFor, sealedHtml } from '../../../extension/runs/artifacts/artifacts.js';
import {
  isRequired,
  nameProblem,
  paramArguments,
  paramNow,
  paramPrompt,
  withAnswer,
} from '../../../extension/pipelines/params.js';
import type { ParamSummary } from '../../../server/protocol/index.js';

const lr: ParamSummary = { name: 'model.lr', type: 'number', default: '3.10', description: 'Learning rate' };
const seed: ParamSummary = { name: 'seed', type: 'integer', optional: true };

test('answers are kept as they are typed, and defaults are no answers', () => {
  const check = (param: ParamSummary, answer: string, expected: Record<string, string>) =>
    assert.deepEqual(withAnswer({ other: '1', [param.name]: '7' }, param, answer), {
      other: '1',
      ...expected,
    });
  check(lr, '3.1', { 'model.lr': '3.1' });
  check(lr, '0012', { 'model.lr': '0012' });
  check(lr, '3.10', {});
  check(lr, '', { 'model.lr': '' });
  check(seed, '', {});
  check(seed, '12345678901234567890', { seed: '12345678901234567890' });
  assert.deepEqual([lr, seed, { name: 'x', type: 'string' }].map(isRequired), [false, false, true]);
});

test('params say what they are now and what they take', () => {
  assert.equal(paramNow(lr, undefined), '3.10');
  assert.equal(paramNow(lr, '3.1'), '3.1 (default 3.10)');
  assert.equal(paramNow(seed, undefined), 'none');
  assert.equal(paramNow(seed, '7'), '7 (default none)');
  assert.equal(paramNow({ name: 'x', type: 'string' }, undefined), '(needed)');
  assert.equal(paramNow({ name: 'x', type: 'string' }, ''), '""');
  assert.equal(paramPrompt(lr), 'Learning rate. A number.');
  assert.equal(paramPrompt(seed), 'An integer, or empty for none.');
  assert.equal(paramPrompt({ name: 'x', type: 'string' }), 'Text.');
});

test('values go to the command line as they are', () => {
  assert.deepEqual(paramArguments({ v: '3.10', epochs: 3, name: 'a=b', list: [1] }), ['--param', 'v=3.10', '--param', 'epochs=3', '--param', 'name=a=b', '--param', 'list=[1]']); // prettier-ignore
});

test('names of pipelines', () => {
  assert.equal(nameProblem('rain-train_2'), undefined);
  for (const bad of ['', ' ', '2x', '../x', 'a b', 'a'.repeat(101)]) assert.ok(nameProblem(bad), bad);
});

test('artifacts open by what they are', () => {
  const check = (path: string, mime: string, expected: string) =>
    assert.equal(openerFor({ path, mime }), expected);
  check('r.html', 'text/html', 'html');
  check('r.HTM', 'application/octet-stream', 'html');
  check('r.xhtml', 'application/octet-stream', 'html');
  check('p.png', 'image/png', 'image');
  check('m.json', 'application/json', 'text');
  check('d.csv', 'application/octet-stream', 'text');
  check('out', 'inode/directory', 'folder');
  check('m.bin', 'application/octet-stream', 'other');
});

test('a page is sealed before anything in it is read', () => {
  const sealed = sealedHtml(
    '<!doctype html><html><head><meta http-equiv="refresh" content="0;url=http://x"><script>1</script></head></html>',
  );
  assert.match(
    sealed,
    /^<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src 'none';/,
  );
  assert.ok(sealed.indexOf('Content-Security-Policy') < sealed.indexOf('<html'));
  assert.doesNotMatch(sealed, /refresh/);
  assert.doesNotMatch(/content="([^"]+)"/.exec(sealed)?.[1] ?? '', /script-src|http/);
});

test('what a policy does not forbid is taken out of a page however it is written', () => {
  const check = (html: string) => {
    const [, page = ''] =
      /srcdoc="<!DOCTYPE html><base href=&quot;about:srcdoc&quot;>([^"]*)"><\/iframe>$/.exec(
        sealedHtml(html),
      ) ?? [];
    assert.doesNotMatch(page, /<(?:link|base)[\s/>]|http-equiv\s*=|srcdoc\s*=/i, html);
  };
  for (const page of [
    '<meta content="0;url=https://e/?a>b" http-equiv=refresh>',
    '<meta http-equiv="&#82;efresh" content="0;url=https://e/">',
    '<meta http-equiv\n =" refresh" content="0">',
    '<META HTTP-EQUIV=refresh>',
    '<meta http-http-equiv=""equiv="refresh" content="0">',
    '<iframe srcdoc="&lt;link rel=preconnect href=//e>"></iframe>',
    '<link rel=preconnect href=//e>',
    '<LINK/rel="dns-prefetch"href=//e>',
    '<link\nrel=prefetch href=//e>',
    '<svg><style><link rel=preconnect href=//e></style></svg>',
    '<!--><link rel=preconnect href=//e>-->',
    '<base href=//e/>',
    '"></iframe><link rel=preconnect href=//e>',
    '<iframe srcdoc="<link rel=preconnect href=//e>">',
  ])
    check(page);
  const links = (html: string) => (sealedHtml(html).match(/(?<![a-z-])href/g) ?? []).length - 1;
  assert.equal(
    links('<a href="#top">x</a><svg><use xlink:href="#a"/><image href="data:image/png,"/></svg>'),
    3,
  );
  assert.equal(links('<a href=http://e>x</a><a HREF = "&#35;">y</a><a href=\'javascript:1\'>z</a>'), 0);
  assert.match(sealedHtml('"></iframe><b>&amp;</b>'), /&quot;><\/iframe><b>&amp;amp;<\/b>"/);
});
