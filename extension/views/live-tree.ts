/**
 * What the trees that ask the language server share: nodes keep their identity over refreshes, only what is different is
 * drawn again, and one question is asked at a time.
 */
import * as vscode from 'vscode';
import type { ItemText } from '../present/item.js';
import { OneAtATime } from '../one-at-a-time.js';
import { treeItem } from './item.js';

/** `id` stays over refreshes, so that expansion and selection stay. */
export interface LiveNode {
  readonly type: string;
  readonly id: string;
}

/** Newer ones (seen in 1.139) put the second answer in the place of the first. */
const registersTwice = vscode.version.startsWith('1.100.');

export abstract class LiveTree<N extends LiveNode> implements vscode.TreeDataProvider<N> {
  readonly #changed = new vscode.EventEmitter<N | undefined>();
  readonly #nodes = new Map<string, N>();
  /** By the node's id: answers the question for its children that is under way with none. */
  readonly #overtake = new Map<string, () => void>();
  #shape: string | undefined;
  #texts = new Map<string, string>();
  readonly #questions = new OneAtATime(async () => {
    if (await this.load()) this.draw();
  });

  readonly onDidChangeTreeData = this.#changed.event;

  /** Asks for what is shown. Answers whether there is an answer: without one everything stays as it is. */
  protected abstract load(): Promise<boolean>;
  protected abstract roots(): readonly N[];
  /** Children that are known already: they are drawn again when they change. */
  protected abstract known(node: N): readonly N[];
  /** All children. */
  protected abstract children(node: N): Promise<readonly N[]> | readonly N[];
  protected abstract text(node: N): ItemText;
  abstract getParent(node: N): N | undefined;

  /** Whether a node is to be drawn again although its own text is the same. */
  protected readonly moves: (node: N) => boolean = () => false;

  /** Loads again; a question that comes while one is under way is asked once after it. */
  reload(): Promise<void> {
    return this.#questions.run();
  }

  #listed(nodes: readonly N[]): readonly N[] {
    return nodes.flatMap((node) => [node, ...this.#listed(this.known(node))]);
  }

  /** Draws what is different from what was drawn. */
  protected draw(): void {
    const listed = this.#listed(this.roots());
    const shape = listed.map(({ id }) => id).join('\n');
    const before = this.#texts;
    this.#texts = new Map(listed.map((node) => [node.id, JSON.stringify(this.text(node))]));
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#changed.fire(undefined);
      return;
    }
    for (const node of listed)
      if (this.moves(node) || before.get(node.id) !== this.#texts.get(node.id)) this.#changed.fire(node);
  }

  /** Draws everything: groups and times of day change with the settings and the date. */
  redraw(): void {
    this.#shape = undefined;
    this.draw();
  }

  protected touch(node: N): void {
    this.#changed.fire(node);
  }

  /** The node of this id: the same object as before, with what is new in it. */
  protected keep<M extends N>(fresh: M): M {
    const known = this.#nodes.get(fresh.id);
    const node = known?.type === fresh.type ? Object.assign(known, fresh) : fresh;
    this.#nodes.set(fresh.id, node);
    return node;
  }

  protected node(id: string): N | undefined {
    return this.#nodes.get(id);
  }

  protected nodes(): IterableIterator<N> {
    return this.#nodes.values();
  }

  /**
   * VS Code may ask for the same children a second time before it has the first answer (a row that is drawn again while it
   * is being opened). Older ones (1.100) register both answers, and complain of ids that are there already. So whoever is
   * overtaken gets none, at once and thus before the rows that whoever asked last gets.
   */
  async getChildren(node?: N): Promise<N[]> {
    if (!registersTwice) return [...(await this.#childrenOf(node))];
    const key = node?.id ?? '';
    this.#overtake.get(key)?.();
    let overtake!: () => void;
    const overtaken = new Promise<readonly N[]>((resolve) => (overtake = () => resolve([])));
    this.#overtake.set(key, overtake);
    try {
      return [...(await Promise.race([overtaken, this.#childrenOf(node)]))];
    } finally {
      if (this.#overtake.get(key) === overtake) this.#overtake.delete(key);
    }
  }

  async #childrenOf(node: N | undefined): Promise<readonly N[]> {
    if (node) return this.children(node);
    if (this.#shape === undefined) await this.reload();
    return this.roots();
  }

  getTreeItem(node: N): vscode.TreeItem {
    return treeItem({ ...this.text(node), id: node.id }, node);
  }
}
