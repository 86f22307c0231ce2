/** Sends a request to a service, and shows beside the editor what it answered. */
import * as vscode from 'vscode';
import { ago, plain } from '../../server/base/format.js';
import type { SampleRequest, ServiceItem, SuggestedSample } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { dots } from '../parts/item-text.js';
import { answerPage, readRequest, requestLine } from './samples.js';
import { serviceKey, serviceName } from './rows.js';
import { mayOperate } from '../parts/trust.js';
import { TextDocuments } from '../parts/text-documents.js';
import { pickOne, tell } from '../parts/ask.js';
import { serviceFor } from './targets.js';

const FROM: Readonly<Record<SuggestedSample['from'], string>> = {
  traffic: 'as a client sent it',
  signature: 'made up from the model’s signature',
  health: 'is it well?',
};

async function ask(
  service: ServiceItem,
  samples: readonly SuggestedSample[],
): Promise<SampleRequest | undefined> {
  const now = Date.now();
  const other = { method: 'GET', path: '/' };
  const chosen = await pickOne<SampleRequest>(
    [
      ...samples.map((sample) => ({
        label: `$(${sample.from === 'health' ? 'pulse' : 'beaker'}) ${plain(sample.method, 10)} ${plain(sample.path, 100)}`,
        description: dots(
          FROM[sample.from],
          sample.at === undefined ? undefined : ago(sample.at, now),
          sample.status === undefined ? undefined : `answered ${sample.status}`,
        ),
        ...(sample.body === undefined ? {} : { detail: plain(sample.body, 160) }),
        value: sample,
      })),
      { label: '$(edit) Another request…', value: other },
    ],
    { placeHolder: `Send what to ${serviceName(service)}?` },
  );
  if (chosen === undefined) return undefined;
  const line = await vscode.window.showInputBox({
    title: `Request to ${serviceName(service)}`,
    prompt: 'Method, path, JSON. Enter sends it.',
    value: requestLine(chosen),
    ignoreFocusOut: true,
    validateInput: (text) => {
      const read = readRequest(text);
      return read.ok ? undefined : read.message;
    },
  });
  const read = line === undefined ? undefined : readRequest(line);
  return read?.ok === true ? read.request : undefined;
}

async function send(context: Context, answers: TextDocuments, argument: unknown): Promise<void> {
  const { client } = context;
  const service = await serviceFor(context, argument, {
    placeHolder: 'Send a request to which service?',
    passes: ({ hosted }) => hosted,
    none: 'No service runs.',
  });
  if (!service || !mayOperate()) return;
  const { projectUri, environment, name } = service;
  const suggested = await client.request('modelyard/serviceSamples', { projectUri, environment, name });
  if (!suggested.ok) throw new Error(suggested.message);
  const request = await ask(service, suggested.samples);
  if (request === undefined) return;
  const params = { projectUri, environment, name, request };
  const location = vscode.ProgressLocation.Notification;
  const title = `${request.method} ${plain(request.path, 60)}…`;
  const result = await vscode.window.withProgress(
    { location, title, cancellable: true },
    (_progress, token) => client.request('modelyard/serviceSample', params, token),
  );
  if (result.ok) {
    const text = answerPage(service.url, request, result.answer);
    await answers.show(`${environment}/${name}.answer.jsonc`, serviceKey(service), text, {
      preserveFocus: false,
    });
  } else tell(`${serviceName(service)} did not answer`, result.message);
}

/** The command, and the documents it shows answers in: one per service, with the newest. */
export function serviceSampleCommand(context: Context): (argument?: unknown) => Promise<void> {
  const answers = new TextDocuments(
    context.extension,
    'modelyard-answer',
    '// Gone: send the request again.\n',
  );
  return (argument) => send(context, answers, argument);
}
