/** A hostile page among the outputs of a run: shown as a page, and nothing more. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { uiTest } from './session.js';
import { until } from './workbench.js';

const hostile = (elsewhere: string): string => `<!doctype html><html><head>
<meta content="0;url=${elsewhere}/refresh?a>b" http-equiv=refresh>
<meta http-equiv="&#82;efresh" content="0;url=${elsewhere}/refresh">
<link rel=preconnect href="${elsewhere}"><link rel="dns-prefetch" href="${elsewhere}">
<link rel=stylesheet href="${elsewhere}/style.css"><base href="${elsewhere}/" target=_top>
<style>h1 { color: teal } @import url(${elsewhere}/import.css); body { background: url(${elsewhere}/bg.png) }</style>
</head><body><h1>Accuracy</h1><p id=state>as written</p>
<script>document.getElementById('state').textContent = 'ran'; parent.postMessage({ type: 'ready' }, '*')</script>
<img src="${elsewhere}/a.png" onerror="document.getElementById('state').textContent = 'ran'">
<svg><image href="${elsewhere}/b.png" onload="document.getElementById('state').textContent = 'ran'"/></svg>
<iframe src="${elsewhere}/frame"></iframe><object data="${elsewhere}/object"></object><embed src="${elsewhere}/embed">
<video src="${elsewhere}/v.mp4" poster="${elsewhere}/p.png"></video>
<p><a href="${elsewhere}/out">out</a> <a href="#end">to the end</a> <a href="command:workbench.action.files.newUntitledFile">new file</a>
<a href="javascript:document.getElementById('state').textContent='ran'">script</a></p>
<form action="${elsewhere}/form"><button>send</button></form>
"></iframe><link rel=preconnect href="${elsewhere}">
<div style="height: 3000px"></div><p id=end>the end</p></body></html>
`;

uiTest('a hostile report runs nothing, asks nobody and leads nowhere', {}, async ({ workbench, folder }) => {
  const asked: string[] = [];
  const server = createServer((socket) => {
    asked.push('a connection');
    socket.on('data', (data) => asked.push(data.toString('latin1').split('\r\n')[0] ?? ''));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    writeFileSync(path.join(folder, 'page.html'), hostile(`http://127.0.0.1:${port}`));
    writeFileSync(
      path.join(folder, 'report.pipeline.yaml'),
      'tasks:\n  paint:\n    run: cp page.html report.html\n    inputs: [page.html]\n    outputs:\n      page: { path: report.html, kind: report }\n',
    );
    await workbench.openFile('report.pipeline.yaml');
    await workbench.lens(/Run/).first().click();
    await workbench.showContainer('Modelyard');
    await workbench.expand('Runs', /^report/);
    await workbench.expand('Runs', /^paint/);
    const page = workbench.webview.frameLocator('iframe[sandbox]');
    await workbench.inlineAction('Runs', 'report.html', 'Open Artifact', page.getByText('to the end'));
    await workbench.screenshot('report');
    for (const link of ['out', 'new file', 'script', 'send']) {
      await page.getByText(link, { exact: true }).click();
      assert.equal(await page.getByText('Accuracy').innerText(), 'Accuracy');
    }
    assert.equal(await page.locator('#state').innerText(), 'as written');
    // What leads to a place in the page still does.
    await page.getByText('to the end').click();
    await until('the end to be in sight', () =>
      page
        .locator('#end')
        .boundingBox()
        .then((box) => box !== null && box.y < 1000),
    );
    assert.equal(await workbench.tab(/Untitled/).count(), 0);
    assert.deepEqual(asked, []);
  } finally {
    server.close();
  }
});
