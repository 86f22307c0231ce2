/** The editor on the other side of a webview. */

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export interface Host<Out> {
  send(message: Out): void;
  /** Keeps something over a reload of the page. */
  remember(key: string, value: unknown): void;
  recall(key: string): unknown;
}

/** Takes the panel's messages. */
export type Receiver<In> = (message: In) => void;

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Connects the page: messages in, messages out, and the state that the editor restores it with. */
export function connect<In extends { readonly type: string }, Out>(receive: Receiver<In>): Host<Out> {
  const api = acquireVsCodeApi();
  const merge = (more: Record<string, unknown>): void => api.setState({ ...record(api.getState()), ...more });
  window.addEventListener('message', (event: MessageEvent<In | { type: 'state'; state: unknown }>) => {
    const { data } = event;
    if (data.type === 'state' && 'state' in data) merge(record(data.state));
    else receive(data as In);
  });
  api.postMessage({ type: 'ready' });
  return {
    send: (message) => api.postMessage(message),
    remember: (key, value) => merge({ [key]: value }),
    recall: (key) => record(api.getState())[key],
  };
}
