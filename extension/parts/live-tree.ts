/**
 * What the trees share: nodes keep their identity over refreshes, only what is different is drawn again, and one question
 * is asked at a time.
 *
 * What is drawn again matters beyond its looks. While VS Code draws a row again it does not know the rows below it, and
 * while it draws the whole tree it knows none: a click in that moment reaches its command without the row. So a row is
 * drawn again for nothing but its own text or the list of its children, the whole tree for nothing but the list of its
 * roots, and whatever was given once is given again at once.
 */
import * as vscode from 'vscode';
import type { ItemText } from './item-text.js';
import { OneAtATime } from './one-at-a-time.js';
import { treeItem } from './item.js';

/** `id` stays over refreshes, so that expansion and selection stay. */
export interface LiveNode {
  readonly type: string;
  readonly id: string;
}

/** Newer ones (seen in 1.139) put the second answer in the place of the first. */
const registersTwice = vscode.version.startsWith('1.100.');

const sameRows = (a: readonly LiveNode[], b: readonly LiveNode[]): boolean =>
  a.length === b.length && a.every(({ id }, at) => id === b[at]?.id);

export abstract class LiveTree<N extends LiveNode> implements vscode.TreeDataProvider<N> {
  readonly #changed = new vscode.EventEmitter<N[] | undefined>();
  readonly #nodes = new Map<string, N>();
  /** By the node's id, '' for the tree itself: the rows the editor was given. */
  readonly #given = new Map<string, readonly N[]>();
  /** By the node's id: the text the editor was given. */
  readonly #texts = new Map<string, string>();
  /** By the node's id: answers the question for its children that is under way with none. */
  readonly #overtake = new Map<string, () => void>();
  #loaded = false;
  readonly #questions = new OneAtATime(async () => {
    if (!(await this.load())) return;
    this.#loaded = true;
    await this.draw();
  });
  readonly #drawings = new OneAtATime(() => this.#compare());

  readonly onDidChangeTreeData = this.#changed.event;

  /** Asks for what is shown. Answers whether there is an answer: without one everything stays as it is. */
  protected abstract load(): Promise<boolean>;
  protected abstract roots(): readonly N[];
  /** All children of a node. */
  protected abstract children(node: N): Promise<readonly N[]> | readonly N[];
  protected abstract text(node: N): ItemText;
  abstract getParent(node: N): N | undefined;

  /** Loads again; a question that comes while one is under way is asked once after it. */
  reload(): Promise<void> {
    return this.#questions.run();
  }

  /** Draws what is different from what was drawn. */
  draw(): Promise<void> {
    return this.#loaded ? this.#drawings.run() : Promise.resolve();
  }

  async #compare(): Promise<void> {
    const before = [...this.#given.keys()];
    const shown = new Set(['']);
    const stale: (N | undefined)[] = [];
    const visit = async (node: N | undefined): Promise<void> => {
      const key = node?.id ?? '';
      const given = this.#given.get(key);
      if (given === undefined) return;
      const now = node ? await this.children(node) : this.roots();
      this.#given.set(key, now);
      if (!sameRows(given, now)) stale.push(node);
      for (const child of now) {
        shown.add(child.id);
        if (this.#saysOther(child)) stale.push(child);
      }
      await Promise.all(now.map(visit));
    };
    await visit(undefined);
    for (const key of before) if (!shown.has(key)) this.#given.delete(key);
    const rows = stale.filter((node) => node !== undefined);
    if (rows.length < stale.length) this.#changed.fire(undefined);
    else if (rows.length > 0) this.#changed.fire(rows);
  }

  /** Draws the rows among these, and among those given below them, whose text has changed with time alone. */
  protected drawTexts(nodes: readonly N[]): void {
    const below = (node: N): readonly N[] => [node, ...(this.#given.get(node.id) ?? []).flatMap(below)];
    const stale = nodes.flatMap(below).filter((node) => this.#saysOther(node));
    if (stale.length > 0) this.#changed.fire(stale);
  }

  /** Whether a row's text is another one than was given; it counts as given from here on. */
  #saysOther(node: N): boolean {
    const text = JSON.stringify(this.text(node));
    const other = this.#texts.get(node.id) !== text;
    this.#texts.set(node.id, text);
    return other;
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
    const key = node?.id ?? '';
    const given = this.#given.get(key);
    if (given !== undefined && given.length > 0) return [...given];
    if (!registersTwice) return [...(await this.#ask(node))];
    this.#overtake.get(key)?.();
    let overtake!: () => void;
    const overtaken = new Promise<readonly N[]>((resolve) => (overtake = () => resolve([])));
    this.#overtake.set(key, overtake);
    try {
      return [...(await Promise.race([overtaken, this.#ask(node)]))];
    } finally {
      if (this.#overtake.get(key) === overtake) this.#overtake.delete(key);
    }
  }

  async #ask(node: N | undefined): Promise<readonly N[]> {
    if (!node && !this.#loaded) await this.reload();
    const rows = node ? await this.children(node) : this.roots();
    this.#given.set(node?.id ?? '', rows);
    return rows;
  }

  getTreeItem(node: N): vscode.TreeItem {
    const text = this.text(node);
    this.#texts.set(node.id, JSON.stringify(text));
    return treeItem({ ...text, id: node.id }, node);
  }
}

/** Ages are told in minutes. */
const MINUTE_MS = 60_000;

/** Keeps the ages that a tree tells true: draws what they have become each minute, and when the view shows again. */
export function keepAges(tree: { draw(): Promise<void> }, view: vscode.TreeView<unknown>): vscode.Disposable {
  const minutes = setInterval(() => {
    if (view.visible) void tree.draw();
  }, MINUTE_MS);
  return vscode.Disposable.from(
    new vscode.Disposable(() => clearInterval(minutes)),
    view.onDidChangeVisibility(({ visible }) => {
      if (visible) void tree.draw();
    }),
  );
}

/** Shows a node in its view; `false` where there is none any more. */
export async function revealNode<N>(view: vscode.TreeView<N>, node: N | undefined): Promise<boolean> {
  if (node === undefined) return false;
  await view.reveal(node, { select: true, focus: true, expand: true });
  return true;
}
