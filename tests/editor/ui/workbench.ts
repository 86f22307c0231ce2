/**
 * A VS Code window in a browser, in the words of someone who uses it. Every method waits for what it speaks of; none
 * sleeps. Used by the UI tests and by `scripts/look.mjs`.
 */
import path from 'node:path';
import type { Browser, BrowserContext, FrameLocator, Locator, Page } from 'playwright-core';

export interface WindowOptions {
  readonly url: string;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Where `screenshot` writes. */
  readonly screenshots: string;
}

/** For whatever a person or a condition should wait for, in ms. A machine may be five times slower than ours. */
const PATIENCE = 60_000;
/** After this a step that does no harm when it is done twice is tried again, in ms. */
const ATTEMPT = 10_000;

/** A whole accessible name, or a part of it. */
type Name = string | RegExp;

/** What shows that something happened. */
type Outcome = Locator | (() => Promise<boolean>);

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Asks again until `probe` answers something true; the last answer is in the error. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | false | undefined | null>,
  patience = PATIENCE,
): Promise<T> {
  const end = performance.now() + patience;
  let last: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== false && answer !== undefined && answer !== null) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end)
      throw new Error(`waited ${String(patience / 1000)} s for ${what}; last: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What we use of the page's own types: tests are compiled without them. */
interface PageElement {
  readonly textContent: string | null;
  readonly isConnected: boolean;
  getAttribute(name: string): string | null;
  matches(selector: string): boolean;
  querySelector(selector: string): PageElement | null;
  contains(other: PageElement | null): boolean;
  getBoundingClientRect(): {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  dispatchEvent(event: unknown): boolean;
}

/** What is to be clicked in a list. */
interface Target {
  /** A part of the row's text, or what it matches. */
  readonly name?: Name;
  /** A selector that the row fits. */
  readonly row?: string;
  /** A selector of what lies in the row, when it isn't the row itself. */
  readonly inside?: string;
  readonly button?: 'left' | 'right';
}

/**
 * Clicks the topmost row of a list that is the one. It looks and clicks in one go: a list uses the elements of its rows
 * for other rows while it is filled, so what a driver has found may be another row when its mouse gets there.
 *
 * @throws when there is none, or something lies over it
 */
async function clickRowOf(rows: Locator, { name, row, inside, button = 'left' }: Target): Promise<void> {
  const wanted = {
    text: typeof name === 'string' ? name.toLowerCase() : '',
    pattern: name instanceof RegExp ? { source: name.source, flags: name.flags } : undefined,
    row,
    inside,
    right: button === 'right',
  };
  const failed = await rows.evaluateAll((all: readonly PageElement[], target) => {
    const { document, MouseEvent } = globalThis as unknown as {
      readonly document: { elementFromPoint(x: number, y: number): PageElement | null };
      readonly MouseEvent: new (type: string, init: object) => unknown;
    };
    const isIt = (one: PageElement): boolean => {
      const own = one.textContent ?? '';
      if (!one.isConnected || (target.row !== undefined && !one.matches(target.row))) return false;
      if (target.pattern !== undefined)
        return new RegExp(target.pattern.source, target.pattern.flags).test(own);
      return own.replace(/\s+/g, ' ').toLowerCase().includes(target.text);
    };
    const index = (one: PageElement): number => Number(one.getAttribute('data-index'));
    const [found] = all.filter(isIt).sort((a, b) => index(a) - index(b));
    if (found === undefined) return 'there is no such row';
    const part = target.inside === undefined ? found : found.querySelector(target.inside);
    if (part === null) return 'the row has no such part';
    const { left, top, width, height } = part.getBoundingClientRect();
    const [clientX, clientY] = [left + width / 2, top + height / 2];
    const hit = document.elementFromPoint(clientX, clientY);
    if (hit === null || !part.contains(hit))
      return `something lies over it: ${(hit?.textContent ?? '').slice(0, 80)}`;
    const init = { bubbles: true, cancelable: true, composed: true, detail: 1, clientX, clientY };
    const button = target.right ? 2 : 0;
    for (const type of target.right
      ? ['mousedown', 'mouseup', 'contextmenu']
      : ['mousedown', 'mouseup', 'click'])
      hit.dispatchEvent(
        new MouseEvent(type, { ...init, button, buttons: type === 'mousedown' ? button || 1 : 0 }),
      );
    return undefined;
  }, wanted);
  if (failed !== undefined) throw new Error(failed);
}

export class Workbench {
  readonly page: Page;
  /** What the page printed to its console; kept for the report of a failure. */
  readonly console: string[] = [];
  readonly #context: BrowserContext;
  readonly #screenshots: string;

  private constructor(context: BrowserContext, page: Page, options: WindowOptions) {
    this.#context = context;
    this.page = page;
    this.#screenshots = options.screenshots;
    page.setDefaultTimeout(PATIENCE);
    page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
  }

  /** Opens a window in a browser profile of its own, and waits until it can be used. */
  static async open(browser: Browser, options: WindowOptions): Promise<Workbench> {
    const viewport = { width: options.width ?? 1280, height: options.height ?? 800 };
    const context = await browser.newContext({ viewport });
    const workbench = new Workbench(context, await context.newPage(), options);
    await workbench.page.goto(options.url);
    await workbench.page.locator('.monaco-workbench .part.statusbar').waitFor();
    await workbench.page.locator('.explorer-viewlet .monaco-list-row').first().waitFor();
    return workbench;
  }

  /** Loads the window again, as a person does. What was open is opened again. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor();
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  async screenshot(name: string): Promise<string> {
    const file = path.join(this.#screenshots, `${name}.png`);
    await this.page.screenshot({ path: file, animations: 'disabled' });
    return file;
  }

  /** What the window shows, in words: where a picture can't be seen, the report of a failure needs it. */
  async words(): Promise<string> {
    const shown = (selector: string): Promise<string> =>
      this.page.locator(selector).evaluateAll(
        (
          all: readonly {
            innerText: string;
            offsetParent: unknown;
            getAttribute(name: string): string | null;
          }[],
        ) =>
          all
            .filter((one) => one.offsetParent !== null)
            .map((one) =>
              `${one.innerText} ${one.getAttribute('aria-label') ?? ''}`.replace(/\s+/g, ' ').trim(),
            )
            .join(' | '),
      );
    const focused = (): Promise<string> =>
      this.page
        .locator(':focus')
        .evaluateAll((all: readonly { outerHTML: string }[]) =>
          all.map(({ outerHTML }) => outerHTML.slice(0, 300)).join(' | '),
        );
    const views = async (): Promise<string> => {
      const titles = await this.page.locator('.part.sidebar .pane-header .title').allInnerTexts();
      const rows = await Promise.all(titles.map((title) => this.rows(title)));
      return titles.map((title, at) => [title, ...(rows[at] ?? [])].join('\n    ')).join('\n  ');
    };
    const parts: Readonly<Record<string, () => Promise<string>>> = {
      tabs: () => shown('.tabs-container .tab'),
      'tab in front': () => shown('.tabs-container .tab.active'),
      focus: focused,
      notifications: () => shown('.notification-toast'),
      dialogs: () => shown('.monaco-dialog-box, .quick-input-widget, .context-view .monaco-menu'),
      hovers: () => shown('.monaco-hover'),
      lenses: () => shown('.codelens-decoration'),
      'status bar': () => shown('.part.statusbar .statusbar-item'),
      terminal: async () => `\n${(await this.terminalText()).trimEnd().slice(-2000)}`,
      views: async () => `\n  ${await views()}`,
    };
    const said = Object.entries(parts).map(async ([name, part]) => {
      const words = await part().catch((error: unknown) => `unknown, ${String(error)}`);
      return `${name}: ${words}`;
    });
    return (await Promise.all(said)).join('\n');
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  // Palette and pickers ------------------------------------------------------------------------------------------

  get #picker(): Locator {
    return this.page.locator('.quick-input-widget:not([style*="display: none"])');
  }

  /** Only where there is one: elsewhere Escape would reach the terminal, or close what a test looks at. */
  async #dismissPicker(): Promise<void> {
    if (!(await this.pickerInput.isVisible())) return;
    await this.press('Escape');
    await this.pickerInput.waitFor({ state: 'hidden' });
  }

  /** The box of the picker that is open. */
  get pickerInput(): Locator {
    return this.#picker.locator('input[type=text]').first();
  }

  /** The picker or input box that is open and says something. */
  dialog(label: Name): Locator {
    return this.#picker.filter({ hasText: label });
  }

  /** The rows of the picker that is open. */
  pickerRow(name: Name): Locator {
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    if (name instanceof RegExp) return rows.filter({ hasText: name });
    return this.page.locator(`.quick-input-list .monaco-list-row[aria-label^=${JSON.stringify(name)}]`);
  }

  /** Types into the open picker and clicks a row. (Enter may take another one that matches better.) */
  async pick(name: Name, filter?: string): Promise<void> {
    if (filter !== undefined) await this.pickerInput.fill(filter);
    await until(`the row ${String(name)} of the picker`, () => this.#clickPickerRow(name));
  }

  /** Where the name is a text, `row` says which rows have it. */
  async #clickPickerRow(name: Name, row = `[aria-label^=${JSON.stringify(String(name))}]`): Promise<true> {
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    const isPattern = name instanceof RegExp;
    const found = isPattern ? rows.filter({ hasText: name }) : rows.and(this.page.locator(row));
    await found.first().scrollIntoViewIfNeeded({ timeout: ATTEMPT });
    await clickRowOf(rows, isPattern ? { name } : { row });
    return true;
  }

  /**
   * Answers an input box. With `label`, waits for the box that says so: boxes that follow each other look the same.
   */
  async answer(text: string, label?: Name): Promise<void> {
    if (label !== undefined) await this.dialog(label).waitFor();
    await this.pickerInput.fill(text);
    await this.press('Enter');
  }

  /** Answers the window's own dialog for files and folders with a whole path. */
  async choosePath(title: Name, file: string): Promise<void> {
    const dialog = this.dialog(title);
    await dialog.waitFor();
    await until(`the dialog to take ${file}`, async () => {
      if (await dialog.isHidden()) return true;
      // It has to be in the folder before it finds what is in there.
      await this.pickerInput.fill(`${path.posix.dirname(file)}/`);
      await this.pickerRow('..').waitFor({ timeout: ATTEMPT });
      await this.pickerInput.fill(file);
      await this.press('Enter');
      await dialog.waitFor({ state: 'hidden', timeout: ATTEMPT });
      return true;
    });
  }

  /** Runs a command by its title in the palette, category included: `Modelyard: Run Pipeline…`. */
  async command(title: string): Promise<void> {
    // The accessible name is the title, and a comma and the key binding where there is one.
    const row = `[aria-label=${JSON.stringify(title)}], [aria-label^=${JSON.stringify(`${title}, `)}]`;
    await until(`the command “${title}” in the palette`, async () => {
      await this.#dismissPicker();
      await this.press('Control+Shift+P');
      await this.pickerInput.waitFor({ timeout: ATTEMPT });
      await this.pickerInput.fill(`>${title}`);
      return this.#clickPickerRow(title, row);
    });
  }

  /** Picks a row of the list that a command opens; again when the window has taken the focus, and with it the list, away. */
  async commandPick(title: string, name: Name, filter?: string): Promise<void> {
    await until(
      `the row ${String(name)} of ${title}`,
      async () => {
        await this.command(title);
        if (filter !== undefined) await this.pickerInput.fill(filter, { timeout: ATTEMPT });
        return this.#clickPickerRow(name);
      },
      2 * PATIENCE,
    );
  }

  /** Whether the palette offers a command now. */
  async offersCommand(title: string): Promise<boolean> {
    await this.#dismissPicker();
    await this.press('Control+Shift+P');
    await this.pickerInput.fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    const labels = await this.page
      .locator('.quick-input-list .monaco-list-row')
      .evaluateAll((rows: readonly { getAttribute(name: string): string | null }[]) =>
        rows.map((row) => row.getAttribute('aria-label') ?? ''),
      );
    await this.press('Escape');
    return labels.some((label) => label.startsWith(title));
  }

  // Editor -------------------------------------------------------------------------------------------------------

  /** Opens a file of the workspace by its path relative to it. */
  async openFile(file: string): Promise<Locator> {
    const editor = this.editor(file);
    await until(`${file} to open`, async () => {
      await this.#dismissPicker();
      await this.press('Control+P');
      await this.pickerInput.waitFor({ timeout: ATTEMPT });
      await this.pickerInput.fill(file);
      await this.#clickPickerRow(new RegExp(escapeRegExp(path.posix.basename(file))));
      await editor.locator('.view-line').first().waitFor({ timeout: ATTEMPT });
      return true;
    });
    return editor;
  }

  /** The editor of a file, by the end of its path. */
  editor(file: string): Locator {
    const end = JSON.stringify(`/${file}`);
    // Documents that are on no disk have a query behind their path.
    const query = JSON.stringify(`/${file}?`);
    return this.page.locator(`.monaco-editor[data-uri$=${end}], .monaco-editor[data-uri*=${query}]`);
  }

  /** Puts the cursor somewhere in the active editor; both from 1. */
  async goTo(line: number, column = 1): Promise<void> {
    await this.press('Control+g');
    await this.pickerInput.waitFor();
    await this.pickerInput.fill(`:${String(line)}:${String(column)}`);
    await this.press('Enter');
    await this.#picker.first().waitFor({ state: 'hidden' });
  }

  /** Puts the cursor at the beginning of a text of the active editor. */
  async goToText(file: string, text: string): Promise<void> {
    await this.token(file, text).click();
  }

  /** The coloured piece of a line that holds a text. */
  token(file: string, text: string): Locator {
    return this.editor(file).locator('.view-line span span', { hasText: text }).first();
  }

  get errors(): Locator {
    return this.page.locator('.squiggly-error');
  }

  get warnings(): Locator {
    return this.page.locator('.squiggly-warning');
  }

  /**
   * Shows the hover of a text and answers what it says, once it says what is expected: a lens that appears moves the
   * lines below the mouse, and the hover is then that of another line.
   */
  async hover(file: string, text: string, expected = /\S/): Promise<string> {
    const box = this.page.locator(
      '.monaco-hover:not(.hidden) .monaco-hover-content, .monaco-resizable-hover .monaco-hover-content',
    );
    return until(`a hover over “${text}” that says ${String(expected)}`, async () => {
      await this.page.mouse.move(2, 2);
      await this.token(file, text).hover();
      await box.first().waitFor({ timeout: ATTEMPT });
      const said = await until(
        'the hover to be filled',
        async () => {
          const content = (await box.allInnerTexts()).join('\n');
          return !content.startsWith('Loading') && expected.test(content) && content;
        },
        ATTEMPT,
      );
      return said;
    });
  }

  /** Opens the quick fixes at the cursor and answers their titles. */
  async quickFixes(): Promise<readonly string[]> {
    const rows = this.page.locator('.action-widget .monaco-list-row.action');
    return until('quick fixes', async () => {
      await this.press('Control+.');
      await rows.first().waitFor({ timeout: ATTEMPT });
      return (await rows.allInnerTexts()).map((text) => text.trim());
    });
  }

  /** Applies one of the quick fixes that are shown; by keyboard, because VS Code 1.100 lays a veil over the list. */
  async applyQuickFix(title: Name): Promise<void> {
    const focused = this.page.locator('.action-widget .monaco-list-row.action.focused');
    const wanted = focused.filter({ hasText: title });
    await until(`the quick fix ${String(title)}`, async () => {
      if (await wanted.isVisible()) return true;
      await this.press('ArrowDown');
      return false;
    });
    await this.press('Enter');
  }

  /** Asks for completion at the cursor and answers the labels. */
  async completions(): Promise<readonly string[]> {
    const rows = this.page.locator('.suggest-widget.visible .monaco-list-row .label-name');
    return until('completions', async () => {
      await this.press('Control+Space');
      await rows.first().waitFor({ timeout: ATTEMPT });
      return rows.allInnerTexts();
    });
  }

  /** A code lens by what it says. */
  lens(text: Name): Locator {
    return this.page.locator('.codelens-decoration a', { hasText: text });
  }

  /** The text of the active editor as far as it is on the screen. */
  async visibleText(file: string): Promise<string> {
    const lines = await this.editor(file)
      .locator('.view-line')
      .evaluateAll((all: readonly { textContent: string | null; style: { top: string } }[]) =>
        all
          .map((line) => ({ top: parseFloat(line.style.top), text: line.textContent ?? '' }))
          .sort((a, b) => a.top - b.top)
          .map((line) => line.text),
      );
    // Monaco renders spaces as no-break spaces.
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }

  // Side bar, panel, status bar ------------------------------------------------------------------------------------

  /** Opens a view container by its title in the activity bar. */
  async showContainer(title: string): Promise<void> {
    const action = this.page.locator(`.activitybar .action-item a[aria-label^=${JSON.stringify(title)}]`);
    await action.first().waitFor();
    const open = this.page.locator('.part.sidebar .composite.title', { hasText: new RegExp(title, 'i') });
    if (!(await open.isVisible())) await action.first().click();
    await open.waitFor();
    // The icon's own hover would lie over the rows.
    await this.page.mouse.move(2, 2);
    // What is folded at first has no rows.
    if (title === 'Modelyard')
      for (const view of ['Features', 'Models'])
        await this.#fold(this.view(view).locator('.pane-header'), true);
  }

  async #fold(header: Locator, open: boolean): Promise<void> {
    await until('a view to open or fold', async () => {
      if ((await header.getAttribute('aria-expanded', { timeout: ATTEMPT })) === String(open)) return true;
      // On its title: its buttons may be where its middle is.
      await header.locator('.title').click({ timeout: ATTEMPT });
      return false;
    });
  }

  /** A view of the side bar by the title of its header. */
  view(title: string): Locator {
    return this.page.locator('.part.sidebar .pane').filter({
      has: this.page.locator('.pane-header .title', {
        hasText: new RegExp(`^${escapeRegExp(title)}`, 'i'),
      }),
    });
  }

  /** Opens a view of the side bar and folds the others, so that it has all the room. */
  async onlyView(title: string): Promise<void> {
    const own = this.view(title).locator('.pane-header');
    await own.waitFor();
    const wanted = await own.getAttribute('aria-label');
    for (const header of await this.page.locator('.part.sidebar .pane .pane-header').all())
      await this.#fold(header, (await header.getAttribute('aria-label')) === wanted);
  }

  /** A row of a tree, by a part of its text. */
  row(view: string, name: Name): Locator {
    return this.view(view).locator('.monaco-list-row', { hasText: name });
  }

  /** The row of a tree that has the focus, if it is this one. */
  focusedRow(view: string, name: Name): Locator {
    return this.view(view).locator('.monaco-list-row.focused', { hasText: name });
  }

  /** What is written in the rows of a tree, from top to bottom. */
  async rows(view: string): Promise<readonly string[]> {
    const texts = await this.view(view)
      .locator('.monaco-list-row')
      .evaluateAll(
        (all: readonly { textContent: string | null; getAttribute(name: string): string | null }[]) =>
          all
            .map((row) => ({
              index: Number(row.getAttribute('data-index')),
              text: (row.textContent ?? '').trim(),
            }))
            .sort((a, b) => a.index - b.index)
            .map((row) => row.text),
      );
    return texts;
  }

  /** Opens a row's children if it isn't open. */
  expand(view: string, name: Name): Promise<void> {
    return this.#toggle(view, name, true);
  }

  /** Closes a row's children if it is open. */
  collapse(view: string, name: Name): Promise<void> {
    return this.#toggle(view, name, false);
  }

  async #clickRow(view: string, target: Target & { readonly name: Name }): Promise<void> {
    await this.row(view, target.name).first().scrollIntoViewIfNeeded({ timeout: ATTEMPT });
    await clickRowOf(this.view(view).locator('.monaco-list-row'), target);
  }

  async #toggle(view: string, name: Name, open: boolean): Promise<void> {
    const what = `the row ${String(name)} to ${open ? 'open' : 'close'}`;
    const row = this.row(view, name).first();
    const isDone = async (): Promise<boolean> =>
      (await row.getAttribute('aria-expanded', { timeout: ATTEMPT })) === String(open);
    await until(what, async () => {
      if (await isDone()) return true;
      // A hover would lie over the row.
      await this.page.mouse.move(2, 2);
      // A row that has no children yet has nothing to click: it would open what it stands for.
      const hasChildren = `[aria-expanded="${String(!open)}"]`;
      await this.#clickRow(view, { name, row: hasChildren, inside: '.monaco-tl-twistie' });
      return until(what, isDone, ATTEMPT);
    });
  }

  /**
   * Does something to a row until it shows: VS Code does not know a row for the moment in which it draws the row above it
   * again, and a click that falls into it is lost, or its command asks which row was meant.
   */
  async #act(what: string, outcome: Outcome, act: () => Promise<void>): Promise<void> {
    const shows = (patience: number): Promise<unknown> =>
      typeof outcome === 'function'
        ? until(`what ${what} brings`, outcome, patience)
        : outcome.first().waitFor({ timeout: patience });
    let tried = false;
    await until(
      what,
      async () => {
        const late =
          tried &&
          (await shows(1000).then(
            () => true,
            () => false,
          ));
        if (late) return true;
        if (tried) await this.#dismissPicker();
        await act();
        tried = true;
        await shows(2 * ATTEMPT);
        return true;
      },
      2 * PATIENCE,
    );
  }

  /** Clicks an entry of a row's context menu. */
  async contextMenu(view: string, name: Name, entry: string, outcome: Outcome): Promise<void> {
    const menu = this.page.locator('.monaco-menu').first();
    await this.#act(`the entry ${entry} of the row ${String(name)}`, outcome, async () => {
      if (!(await menu.isVisible())) await this.#clickRow(view, { name, button: 'right' });
      // While a tree is filled its rows move, and the menu may be that of another one.
      const steps = entry.split(' › ');
      for (const step of steps) {
        const wanted = this.page.locator('.monaco-menu .action-label', { hasText: step }).first();
        await wanted.waitFor({ timeout: ATTEMPT }).catch(async (error: unknown) => {
          await this.page.keyboard.press('Escape');
          throw error;
        });
        await wanted.click({ timeout: ATTEMPT });
      }
      // A menu that has only just opened takes a click for the end of the one that opened it.
      await menu.waitFor({ state: 'hidden', timeout: ATTEMPT });
    });
  }

  /** Clicks one of a row's inline buttons. */
  async inlineAction(view: string, name: Name, action: string, outcome: Outcome): Promise<void> {
    const row = this.row(view, name).first();
    const icon = `.actions a.action-label[aria-label^=${JSON.stringify(action)}]`;
    await this.#act(`${action} of the row ${String(name)}`, outcome, async () => {
      // The hover of a row that came below the mouse lies over the others.
      await this.page.mouse.move(2, 2);
      await row.hover({ timeout: ATTEMPT });
      await this.#clickRow(view, { name, inside: icon });
    });
  }

  /** Clicks a row, for what it opens. */
  async clickRow(view: string, name: Name, outcome: Outcome): Promise<void> {
    await this.#act(`a click on the row ${String(name)}`, outcome, async () => {
      // A hover would lie over the row.
      await this.page.mouse.move(2, 2);
      await this.#clickRow(view, { name });
    });
  }

  /** What the terminal that is shown holds. It echoes command lines, so match what only output has. */
  async terminalText(): Promise<string> {
    const rows = await this.page.locator('.terminal-wrapper.active .xterm-rows > div').allInnerTexts();
    return rows.join('\n').replaceAll('\u00a0', ' ');
  }

  /** The rows of the Problems panel. */
  async problems(): Promise<readonly string[]> {
    await this.command('Problems: Focus on Problems View');
    const rows = this.page.locator('.markers-panel .monaco-list-row');
    await rows.first().waitFor();
    return rows.allInnerTexts();
  }

  /** The document inside the webview that is shown. */
  get webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  }

  statusItem(text: Name): Locator {
    return this.page.locator('.part.statusbar .statusbar-item', { hasText: text });
  }

  notification(text: Name): Locator {
    return this.page.locator('.notification-toast', { hasText: text });
  }

  /**
   * Waits for a notification. VS Code shows no toast of one that comes as the fourth within a second, or while the list of
   * notifications is open: it is in that list then.
   */
  async notified(text: Name): Promise<void> {
    const item = this.page
      .locator('.notification-toast, .notifications-center .monaco-list-row')
      .filter({ hasText: text })
      .first();
    await until(`the notification ${String(text)}`, async () => {
      const shown = await item.waitFor({ timeout: ATTEMPT }).then(
        () => true,
        () => false,
      );
      if (!shown) await this.command('Notifications: Show Notifications');
      return shown;
    });
  }

  /**
   * Clicks a button of a notification or of a modal dialog. A notification that has been there for some seconds is no toast any
   * more; it is in the list of notifications then, which is opened.
   */
  async clickButton(label: Name): Promise<void> {
    const button = this.page
      .locator('.notification-toast, .notifications-center, .monaco-dialog-box')
      .locator('.monaco-button, .monaco-text-button')
      .filter({ hasText: label })
      .first();
    await until(`the button ${String(label)}`, async () => {
      const clicked = await button.click({ timeout: ATTEMPT }).then(
        () => true,
        () => false,
      );
      if (!clicked) await this.command('Notifications: Show Notifications');
      return clicked;
    });
  }

  tab(name: Name): Locator {
    return this.page.locator('.tabs-container .tab', { hasText: name });
  }
}
