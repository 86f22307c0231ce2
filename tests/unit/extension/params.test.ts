/** Answers to params, artifacts' openers, and HTML that is shown. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openerFor, sealedHtml } from '../../../extension/present/artifacts.js';
import {
  nameProblem,
  paramArguments,
  parseParam,
  paramText,
  stillValid,
  type ParamSummary,
} from '../../../extension/present/params.js';
import type { PipelineSummary } from '../../../server/protocol.js';

test('params are read by type, bounds, choices and pattern', () => {
  const check = (param: Omit<ParamSummary, 'name'>, text: string, expected: unknown) => {
    const parsed = parseParam({ name: 'p', ...param }, text);
    if (expected instanceof RegExp) assert.match(parsed.ok ? 'fine' : parsed.message, expected);
    else assert.deepEqual(parsed, { ok: true, value: expected });
  };
  check({ type: 'integer' }, ' 42 ', 42);
  check({ type: 'integer' }, '4.2', /integer/);
  check({ type: 'integer' }, '99999999999999999999', /integer/);
  check({ type: 'integer', minimum: 1 }, '0', /At least 1/);
  check({ type: 'number' }, '1e-3', 0.001);
  check({ type: 'number' }, '', /number/);
  check({ type: 'number', maximum: 1 }, '1.5', /At most 1/);
  check({ type: 'boolean' }, 'true', true);
  check({ type: 'boolean' }, 'yes', /true or false/);
  check({ type: 'string' }, '', '');
  check({ type: 'string', pattern: '^a' }, 'ba', /match/);
  check({ type: 'string', pattern: '(' }, 'anything', 'anything');
  check({ type: 'string', choices: ['a', 'b'] }, 'c', /One of a, b/);
  check({ type: 'list' }, '[1, 2]', [1, 2]);
  check({ type: 'list' }, '{}', /JSON list/);
  check({ type: 'object' }, '{"a": 1}', { a: 1 });
  check({ type: 'object' }, 'null', /JSON object/);
});

test('values go back to text and to the command line', () => {
  assert.equal(paramText([1, 'a']), '[1,"a"]');
  assert.equal(paramText('a b'), 'a b');
  assert.deepEqual(paramArguments({ epochs: 3, name: 'a=b', list: [1] }), ['--param', 'epochs=3', '--param', 'name=a=b', '--param', 'list=[1]']); // prettier-ignore
});

test('remembered values that no longer fit are forgotten', () => {
  const params: PipelineSummary['params'] = [{ name: 'epochs', type: 'integer', maximum: 10 }, { name: 'mode', type: 'string' }]; // prettier-ignore
  assert.deepEqual(stillValid({ params } as PipelineSummary, { epochs: 20, mode: 'fast', gone: 1 }), {
    mode: 'fast',
  });
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
    assert.doesNotMatch(page, /<(?:link|base)[\s/>]|http-equiv\s*=/i, html);
  };
  for (const page of [
    '<meta content="0;url=https://e/?a>b" http-equiv=refresh>',
    '<meta http-equiv="&#82;efresh" content="0;url=https://e/">',
    '<meta http-equiv\n =" refresh" content="0">',
    '<META HTTP-EQUIV=refresh>',
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
