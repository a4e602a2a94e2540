import { expect, it } from 'vitest';
import { html } from './html.ts';

it('case 51: shows hidden characters, keeps line breaks and escapes markup', () => {
  const page = html`<p>${'not\u202eallowed\u{e0041}\n<b>'}</p>`;
  expect(page.text).toBe('<p>not\ufffdallowed\ufffd\n&lt;b&gt;</p>');
});
