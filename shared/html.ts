/** HTML pages without scripts, created as text. All text from users is escaped. */

import { visible } from './text/visible-text.ts';

/** Text that is already markup. Only `html` and `styleSheet` create it. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/** Escapes a text. Hidden characters become visible, so that a page always shows the same words as its source. */
const escapeText = (text: string): string => visible(text).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Markup | readonly Markup[])[]
): Markup {
  const written = values.map((value) => {
    if (typeof value === 'string' || typeof value === 'number') return escapeText(String(value));
    return value instanceof Markup ? value.text : value.map(({ text }) => text).join('');
  });
  return new Markup(parts.map((part, index) => part + (written[index] ?? '')).join(''));
}

/** Cordon's own style sheet. It must never contain text from users. */
export const styleSheet = (css: string): Markup => new Markup(`<style>${css}</style>`);
