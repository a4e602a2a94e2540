/** Pages without scripts, written as text: every word that came from outside is escaped, and nothing else can become markup. */

import { visible } from './text/visible-text.ts';

/** Text that is markup already. Only `html` and `styleSheet` make it. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/** Escaping makes hidden characters visible, so that no page can show other words than its source has. */
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

/** Style sheet of Cordon itself, never text from outside. */
export const styleSheet = (css: string): Markup => new Markup(`<style>${css}</style>`);
