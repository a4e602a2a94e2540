/** A user with only a keyboard: checks where Tab moves the focus, and whether the focus is visible. */
import type { Locator, Page } from 'playwright-core';
import { textOf } from './seat.ts';

/**
 * Compares each element's look with and without the focus, and checks that the focused element is in sight and not covered (WCAG 2.4.7 and
 * 2.4.11). Returns a complaint, or null.
 */
const LOOK = `(() => {
  const looks = (node) => {
    const all = [];
    for (let at = node, up = 0; at && up < 4; at = at.parentElement, up++) {
      const { outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor } = getComputedStyle(at);
      all.push(outlineStyle === 'none' ? '' : outlineWidth, boxShadow, borderColor, backgroundColor);
    }
    return all.join();
  };
  // Finishes transitions, so that colors are final.
  for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish();
  const named = (node) => node.outerHTML.slice(0, 160);
  const now = document.activeElement;
  const before = globalThis.seenBefore;
  const lost = before && before.node !== now && before.node.isConnected && looks(before.node) === before.looks;
  globalThis.seenBefore = now === document.body || now.id === 'main' ? undefined : { node: now, looks: looks(now) };
  if (lost) return 'looks with the focus as it does without: ' + named(before.node);
  if (now === document.body) return 'nothing has the focus any more';
  if (now.id === 'main') return null;
  const { x, y, width, height } = now.getBoundingClientRect();
  const [left, top] = [x + width / 2, y + Math.min(height / 2, 20)];
  if (left < 0 || top < 0 || left > innerWidth || top > innerHeight) return 'has the focus out of sight: ' + named(now);
  const there = document.elementFromPoint(left, top);
  const covered = !there || !(now.contains(there) || there.contains(now) || there.closest('label, [data-size]')?.contains(now));
  return covered ? 'has the focus under something else: ' + named(now) + ' under ' + (there ? named(there) : 'nothing') : null;
})()`;

export class Keyboard {
  readonly #page: Page;
  /** Complaints about elements whose focus was not visible. */
  readonly complaints: string[] = [];

  constructor(page: Page) {
    this.#page = page;
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.#page.keyboard.press(key);
      const complaint = await this.#page.evaluate<string | null>(LOOK);
      if (complaint) this.complaints.push(complaint);
    }
  }

  async type(text: string): Promise<void> {
    await this.#page.keyboard.type(text);
  }

  /** Presses Tab or Shift+Tab until the element has the focus. Throws an error with the visited elements if that fails. */
  async to(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab', most = 40): Promise<void> {
    await target.waitFor();
    const way: string[] = [];
    for (let step = 0; step < most; step++) {
      await this.press(key);
      if ((await target.and(this.#page.locator(':focus')).count()) > 0) return;
      way.push(await this.#page.evaluate<string>('document.activeElement.outerHTML.slice(0, 80)'));
    }
    throw new Error(`Tab does not lead to ${target}:\n${way.join('\n')}`);
  }

  /** Waits until the page moves the focus to the element. */
  async at(target: Locator): Promise<void> {
    await target.and(this.#page.locator(':focus')).waitFor();
  }

  /** Opens a dialog with Enter, and waits until the dialog has the focus. A Tab before this moment would leave for the page behind it. */
  async open(dialog: Locator): Promise<void> {
    await this.#page.keyboard.press('Enter');
    await dialog.locator(':focus').waitFor();
  }

  /**
   * Closes a dialog with Escape, and waits until `opener` has the focus again. While the dialog disappears, no element has the focus for a
   * moment.
   */
  async leave(dialog: Locator, opener: Locator): Promise<void> {
    await this.#page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await this.at(opener);
  }

  /** Description and error message of the focused element. */
  async tied(): Promise<string> {
    const focused = this.#page.locator(':focus');
    const ids = (await focused.getAttribute('aria-describedby'))?.split(' ').filter(Boolean) ?? [];
    const words = await Promise.all(ids.map((id) => textOf(this.#page.locator(`[id="${id}"]`))));
    return words.join(' ');
  }
}
