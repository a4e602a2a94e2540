import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalEmail, storedEmail } from './canonical-email.ts';

const AMINA = 'amina@example.org';

describe('case 31: one person', () => {
  it.each([
    ['case', 'Amina@EXAMPLE.org', AMINA],
    ['white space around it', '  amina@example.org\n', AMINA],
    ['full-width letters', 'ａmina@example.org', AMINA],
    ['a full-width at sign', 'amina＠example.org', AMINA],
    ['a plus tag', 'amina+legal@example.org', AMINA],
    ['several plus tags', 'amina+a+b@example.org', AMINA],
    ['a Cyrillic a', '\u0430mina@example.org', AMINA],
    ['a word of Cyrillic letters', '\u0441\u043e\u0440\u0435@example.org', 'cope@example.org'],
    ['a Cyrillic capital that looks like B', '\u0412ob@example.org', 'bob@example.org'],
    ['a Greek omicron', 'b\u03bfb@example.org', 'bob@example.org'],
    ['an Armenian o', 'b\u0585b@example.org', 'bob@example.org'],
    ['a Cherokee capital', '\u13aami@example.org', canonicalEmail('\uab7ami@example.org')],
    ['a Latin alpha', '\u0251mina@example.org', AMINA],
    ['a dotless i', 'am\u0131na@example.org', AMINA],
    ['a dotted capital I', 'AM\u0130NA@example.org', AMINA],
    ['a mathematical letter', '\u{1d5ba}mina@example.org', AMINA],
    ['a long s', 'ro\u017fa@example.org', 'rosa@example.org'],
    ['a Kelvin sign', '\u212Aim@example.org', 'kim@example.org'],
    ['a sharp s', 'gro\u00df@example.org', 'gross@example.org'],
    ['a zero-width space', 'ami\u200bna@example.org', AMINA],
    ['a zero-width joiner in the domain', 'amina@exam\u200dple.org', AMINA],
    ['a word joiner', 'ami\u2060na@example.org', AMINA],
    ['a byte order mark', '\ufeffamina@example.org', AMINA],
    ['a soft hyphen', 'ami\u00adna@example.org', AMINA],
    ['a combining grapheme joiner', 'ami\u034fna@example.org', AMINA],
    ['a Hangul filler', 'ami\u3164na@example.org', AMINA],
    ['a variation selector', 'amina\ufe0f@example.org', AMINA],
    ['a tag character', 'amina\u{e0061}@example.org', AMINA],
    ['a direction override', '\u202eamina@example.org', AMINA],
    ['composed and decomposed accents', 'jos\u00e9@example.org', 'jose\u0301@example.org'],
    ['quotes', '"amina"@example.org', AMINA],
    ['quotes with a plus tag and an escape', '"am\\ina+x"@example.org', AMINA],
    ['a dot after the domain', 'amina@example.org.', AMINA],
    ['an ideographic full stop', 'amina@example\u3002org', AMINA],
    ['a domain in Unicode and in Punycode', 'amina@b\u00fccher.example', 'amina@xn--bcher-kva.example'],
    ['a domain with a Cyrillic a', 'amina@ex\u0430mple.org', AMINA],
    ['the same domain in Punycode', 'amina@xn--exmple-4nf.org', AMINA],
    ['dots at Gmail', 'a.mi.na@gmail.com', 'amina@gmail.com'],
    ['both domains of Gmail', 'amina+x@googlemail.com', 'amina@gmail.com'],
  ])('%s', (_, one, other) => {
    expect(canonicalEmail(one)).toBe(canonicalEmail(other));
  });
});

describe('two people', () => {
  it.each([
    ['another domain', 'amina@example.com'],
    ['another name', 'amira@example.org'],
    ['an accent', 'am\u00edna@example.org'],
    ['a name that begins with a plus', '+amina@example.org'],
    ['dots elsewhere than at Gmail', 'a.mina@example.org'],
    ['a plus tag as the domain of another', 'amina@example.org+x'],
    ['a domain in front of the last at sign', '"amina@example.org"@example.net'],
    ['rn is not m in plain ASCII', 'arnina@example.org'],
    ['a digit is no letter in plain ASCII', 'am1na@example.org'],
    ['a Cyrillic letter that looks like no Latin one', 'amin\u0436@example.org'],
  ])('%s', (_, other) => {
    expect(canonicalEmail(other)).not.toBe(canonicalEmail(AMINA));
  });
});

it('keeps the address as given, and its canonical form is stable', () => {
  expect(storedEmail('  Jose\u0301+Legal@Example.ORG ')).toBe('Jos\u00e9+Legal@Example.ORG');
  fc.assert(
    fc.property(fc.oneof(fc.emailAddress(), fc.string({ unit: 'binary', maxLength: 40 })), (address) => {
      const canonical = canonicalEmail(address);
      expect(canonicalEmail(canonical.toUpperCase())).toBe(canonicalEmail(canonical));
      expect(canonicalEmail(storedEmail(address))).toBe(canonical);
    }),
  );
});

it.each(['', '@', 'amina', '@example.org', 'amina@', '[192.0.2.1]', 'amina@[192.0.2.1]', '\ud800@example.org'])(
  'accepts %j without an error',
  (text) => {
    expect(typeof canonicalEmail(text)).toBe('string');
  },
);
