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
  /** For whatever a person or a condition should wait for, in ms. */
  readonly patience?: number;
}

/** A whole accessible name, or a part of it. */
type Name = string | RegExp;

/** What shows that something happened. */
type Outcome = Locator | (() => Promise<boolean>);

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Asks again until `probe` answers something true; the last answer is in the error. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | false | undefined | null>,
  patience = 20_000,
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

export class Workbench {
  readonly page: Page;
  /** What the page printed to its console; kept for the report of a failure. */
  readonly console: string[] = [];
  readonly #context: BrowserContext;
  readonly #screenshots: string;
  readonly #patience: number;

  private constructor(context: BrowserContext, page: Page, options: WindowOptions) {
    this.#context = context;
    this.page = page;
    this.#screenshots = options.screenshots;
    this.#patience = options.patience ?? 20_000;
    page.setDefaultTimeout(this.#patience);
    page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
  }

  /** Opens a window in a browser profile of its own, and waits until it can be used. */
  static async open(browser: Browser, options: WindowOptions): Promise<Workbench> {
    const viewport = { width: options.width ?? 1280, height: options.height ?? 800 };
    const context = await browser.newContext({ viewport });
    const workbench = new Workbench(context, await context.newPage(), options);
    await workbench.page.goto(options.url);
    await workbench.page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
    await workbench.page.locator('.explorer-viewlet .monaco-list-row').first().waitFor({ timeout: 60_000 });
    return workbench;
  }

  /** Loads the window again, as a person does. What was open is opened again. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  async screenshot(name: string): Promise<string> {
    const file = path.join(this.#screenshots, `${name}.png`);
    await this.page.screenshot({ path: file, animations: 'disabled' });
    return file;
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
    await this.pickerRow(name).first().click();
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
    await until(
      `the dialog to take ${file}`,
      async () => {
        if (await dialog.isHidden()) return true;
        // It has to be in the folder before it finds what is in there.
        await this.pickerInput.fill(`${path.posix.dirname(file)}/`);
        await this.pickerRow('..').waitFor({ timeout: 3000 });
        await this.pickerInput.fill(file);
        await this.press('Enter');
        await dialog.waitFor({ state: 'hidden', timeout: 3000 });
        return true;
      },
      this.#patience,
    );
  }

  /** Runs a command by its title in the palette, category included: `Modelyard: Run Pipeline…`. */
  async command(title: string): Promise<void> {
    // The accessible name is the title, and a comma and the key binding where there is one.
    const rows = '.quick-input-list .monaco-list-row';
    const row = this.page
      .locator(
        `${rows}[aria-label=${JSON.stringify(title)}], ${rows}[aria-label^=${JSON.stringify(`${title}, `)}]`,
      )
      .first();
    await until(
      `the command “${title}” in the palette`,
      async () => {
        await this.#dismissPicker();
        await this.press('Control+Shift+P');
        await this.pickerInput.waitFor({ timeout: 5000 });
        await this.pickerInput.fill(`>${title}`);
        await row.click({ timeout: 3000 });
        return true;
      },
      this.#patience,
    );
  }

  /** Picks a row of the list that a command opens; again when the window has taken the focus, and with it the list, away. */
  async commandPick(title: string, name: Name, filter?: string): Promise<void> {
    await until(
      `the row ${String(name)} of ${title}`,
      async () => {
        await this.command(title);
        if (filter !== undefined) await this.pickerInput.fill(filter, { timeout: 4000 });
        await this.pickerRow(name).first().click({ timeout: 4000 });
        return true;
      },
      2 * this.#patience,
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
    await until(
      `${file} to open`,
      async () => {
        await this.#dismissPicker();
        await this.press('Control+P');
        await this.pickerInput.waitFor({ timeout: 5000 });
        await this.pickerInput.fill(file);
        const name = escapeRegExp(path.posix.basename(file));
        await this.page
          .locator('.quick-input-list .monaco-list-row')
          .filter({ hasText: new RegExp(name) })
          .first()
          .click({ timeout: 5000 });
        await editor.locator('.view-line').first().waitFor({ timeout: 5000 });
        return true;
      },
      this.#patience,
    );
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
    return until(
      `a hover over “${text}” that says ${String(expected)}`,
      async () => {
        await this.page.mouse.move(2, 2);
        await this.token(file, text).hover();
        await box.first().waitFor({ timeout: 3000 });
        const said = await until(
          'the hover to be filled',
          async () => {
            const content = (await box.allInnerTexts()).join('\n');
            return !content.startsWith('Loading') && expected.test(content) && content;
          },
          3000,
        );
        return said;
      },
      this.#patience,
    );
  }

  /** Opens the quick fixes at the cursor and answers their titles. */
  async quickFixes(): Promise<readonly string[]> {
    const rows = this.page.locator('.action-widget .monaco-list-row.action');
    return until(
      'quick fixes',
      async () => {
        await this.press('Control+.');
        await rows.first().waitFor({ timeout: 3000 });
        return (await rows.allInnerTexts()).map((text) => text.trim());
      },
      this.#patience,
    );
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
    return until(
      'completions',
      async () => {
        await this.press('Control+Space');
        await rows.first().waitFor({ timeout: 3000 });
        return rows.allInnerTexts();
      },
      this.#patience,
    );
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
    const fold = async (header: Locator, open: boolean): Promise<void> => {
      await until(
        'a view to open or fold',
        async () => {
          if ((await header.getAttribute('aria-expanded', { timeout: 3000 })) === String(open)) return true;
          await header.click({ timeout: 3000 });
          return false;
        },
        this.#patience,
      );
    };
    const own = this.view(title).locator('.pane-header');
    await own.waitFor();
    const wanted = await own.getAttribute('aria-label');
    for (const header of await this.page.locator('.part.sidebar .pane .pane-header').all())
      await fold(header, (await header.getAttribute('aria-label')) === wanted);
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

  async #toggle(view: string, name: Name, open: boolean): Promise<void> {
    const row = this.row(view, name).first();
    await until(
      `the row ${String(name)} to ${open ? 'open' : 'close'}`,
      async () => {
        if ((await row.getAttribute('aria-expanded', { timeout: 3000 })) === String(open)) return true;
        await row.locator('.monaco-tl-twistie').click({ timeout: 3000 });
        return false;
      },
      this.#patience,
    );
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
        await shows(8000);
        return true;
      },
      2 * this.#patience,
    );
  }

  /** Clicks an entry of a row's context menu. */
  async contextMenu(view: string, name: Name, entry: string, outcome: Outcome): Promise<void> {
    const menu = this.page.locator('.monaco-menu').first();
    await this.#act(`the entry ${entry} of the row ${String(name)}`, outcome, async () => {
      if (!(await menu.isVisible()))
        await this.row(view, name).first().click({ button: 'right', timeout: 3000 });
      // While a tree is filled its rows move, and the menu may be that of another one.
      const wanted = menu.locator('.action-label', { hasText: entry }).first();
      await wanted.waitFor({ timeout: 3000 }).catch(async (error: unknown) => {
        await this.page.keyboard.press('Escape');
        throw error;
      });
      await wanted.click({ timeout: 3000 });
      // A menu that has only just opened takes a click for the end of the one that opened it.
      await menu.waitFor({ state: 'hidden', timeout: 3000 });
    });
  }

  /** Clicks one of a row's inline buttons. */
  async inlineAction(view: string, name: Name, action: string, outcome: Outcome): Promise<void> {
    const row = this.row(view, name).first();
    const icon = row.locator(`.actions a.action-label[aria-label^=${JSON.stringify(action)}]`).first();
    await this.#act(`${action} of the row ${String(name)}`, outcome, async () => {
      // The hover of a row that came below the mouse lies over the others.
      await this.page.mouse.move(2, 2);
      await row.hover({ timeout: 3000 });
      await icon.click({ timeout: 3000 });
    });
  }

  /** Clicks a row, for what it opens. */
  async clickRow(view: string, name: Name, outcome: Outcome): Promise<void> {
    await this.#act(`a click on the row ${String(name)}`, outcome, () =>
      this.row(view, name).first().click({ timeout: 3000 }),
    );
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

  /** Clicks a button of a notification or of a modal dialog. */
  async clickButton(label: Name): Promise<void> {
    await this.page
      .locator('.notification-toast, .monaco-dialog-box')
      .locator('.monaco-button, .monaco-text-button')
      .filter({ hasText: label })
      .first()
      .click();
  }

  tab(name: Name): Locator {
    return this.page.locator('.tabs-container .tab', { hasText: name });
  }
}
