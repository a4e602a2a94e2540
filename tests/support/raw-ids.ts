/** Ids of devices and people on a page where a reader expects a name. */
import type { Page } from 'playwright-core';
import { z } from 'zod';

/** Elements in which an id is expected: a field for an id, or the exact text that a person signs. */
const MEANT = '[data-id-field], [data-signing-text], pre';

const FIND = `(() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (!/\\b(dev|per)_[a-z0-9]{8,}/.test(data) || parentElement === null) continue;
    if (parentElement.closest('${MEANT}') || !parentElement.checkVisibility()) continue;
    found.push(data.trim().slice(0, 120));
  }
  return found;
})()`;

export const rawIds = async (page: Page): Promise<string[]> => z.array(z.string()).parse(await page.evaluate(FIND));
