/** How the server speaks with its client, and what of the protocol holds before any handler is asked. */
import type { Message, MessageReader, MessageWriter } from 'vscode-languageserver/node';
import {
  ErrorCodes,
  IPCMessageReader,
  IPCMessageWriter,
  StreamMessageReader,
  StreamMessageWriter,
  createServerPipeTransport,
  createServerSocketTransport,
} from 'vscode-languageserver/node';

export interface Transport {
  readonly reader: MessageReader;
  readonly writer: MessageWriter;
}

/** Where the client is, as the arguments say: a socket or a pipe that it listens on, Node's channel, or stdio. */
export type Channel =
  | { readonly kind: 'stdio' | 'ipc' }
  | { readonly kind: 'socket'; readonly port: number }
  | { readonly kind: 'pipe'; readonly name: string };

/** @returns what is wrong with the arguments, in words, where something is */
export function channelOf(args: readonly string[]): Channel | string {
  const word = (name: string): string | undefined => {
    const at = args.findIndex((one) => one === name || one.startsWith(`${name}=`));
    const found = args[at];
    return found === name ? (args[at + 1] ?? '') : found?.slice(name.length + 1);
  };
  const socket = word('--socket');
  if (socket !== undefined) {
    const port = Number(socket === '' ? word('--port') : socket);
    return Number.isInteger(port) && port > 0 && port < 65_536
      ? { kind: 'socket', port }
      : `--socket needs the port that the client listens on, not "${socket}"`;
  }
  const name = word('--pipe');
  if (name !== undefined) return name === '' ? '--pipe needs a name' : { kind: 'pipe', name };
  return { kind: args.includes('--node-ipc') ? 'ipc' : 'stdio' };
}

/** @param ended called when the client is gone */
export function openTransport(channel: Channel, ended: () => void): Transport {
  switch (channel.kind) {
    case 'ipc':
      return { reader: new IPCMessageReader(process), writer: new IPCMessageWriter(process) };
    case 'stdio': {
      process.stdin.once('end', ended);
      process.stdin.once('close', ended);
      return {
        reader: new StreamMessageReader(process.stdin),
        writer: new StreamMessageWriter(process.stdout),
      };
    }
    case 'socket':
    case 'pipe': {
      const [reader, writer] =
        channel.kind === 'socket'
          ? createServerSocketTransport(channel.port)
          : createServerPipeTransport(channel.name);
      reader.onClose(ended);
      return { reader, writer };
    }
  }
}

interface Incoming {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
}

/**
 * Holds a client to the order of the protocol: `initialize` comes first and once, after `shutdown` nothing is asked any
 * more. What is refused never reaches a handler; what is no message at all is answered too.
 */
export class Doorkeeper implements MessageReader {
  readonly #reader: MessageReader;
  readonly #writer: MessageWriter;
  #state: 'new' | 'open' | 'shut' = 'new';

  constructor({ reader, writer }: Transport) {
    this.#reader = reader;
    this.#writer = writer;
    reader.onError((error) => {
      if (error instanceof SyntaxError) this.#answer(null, ErrorCodes.ParseError, error.message);
    });
  }

  get onError(): MessageReader['onError'] {
    return this.#reader.onError;
  }

  get onClose(): MessageReader['onClose'] {
    return this.#reader.onClose;
  }

  get onPartialMessage(): MessageReader['onPartialMessage'] {
    return this.#reader.onPartialMessage;
  }

  listen(take: (message: Message) => void): ReturnType<MessageReader['listen']> {
    return this.#reader.listen((message) => {
      if (this.#admits(message)) take(message);
    });
  }

  dispose(): void {
    this.#reader.dispose();
  }

  /** Whether the client has said goodbye. */
  get shut(): boolean {
    return this.#state === 'shut';
  }

  #admits(message: unknown): boolean {
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      this.#answer(null, ErrorCodes.InvalidRequest, 'A message is an object.');
      return false;
    }
    const { id, method, params } = message as Incoming;
    if (method === undefined) return true;
    const isRequest = typeof id === 'string' || typeof id === 'number';
    const refusal = typeof method === 'string' ? this.#refusal(method, params) : NO_METHOD;
    if (refusal === undefined) {
      if (method === 'initialize' && isRequest) this.#state = 'open';
      if (method === 'shutdown' && isRequest) this.#state = 'shut';
      return true;
    }
    // What is told and not asked is left out without a word.
    if (isRequest) this.#answer(id, ...refusal);
    return false;
  }

  #refusal(method: string, params: unknown): readonly [number, string] | undefined {
    if (method === 'exit') return undefined;
    if (this.#state === 'shut') return [ErrorCodes.InvalidRequest, `${method} came after shutdown.`];
    if (method === 'initialize') {
      if (this.#state === 'open') return [ErrorCodes.InvalidRequest, 'initialize is sent once.'];
      const { capabilities } = (params ?? {}) as { readonly capabilities?: unknown };
      return typeof capabilities === 'object' && capabilities !== null
        ? undefined
        : [ErrorCodes.InvalidParams, 'initialize: capabilities must be an object'];
    }
    return this.#state === 'new'
      ? [ErrorCodes.ServerNotInitialized, `${method} came before initialize.`]
      : undefined;
  }

  #answer(id: string | number | null, code: number, message: string): void {
    const response = { jsonrpc: '2.0', id, error: { code, message } };
    // A client that is gone hears nothing.
    void this.#writer.write(response).catch(() => undefined);
  }
}

const NO_METHOD: readonly [number, string] = [ErrorCodes.InvalidRequest, 'A method is a text.'];
