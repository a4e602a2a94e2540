import { iso31661, iso31662 } from 'iso-3166';
import { expect, it } from 'vitest';

/** When the package has newer tables: `vitest run shared/areas/iso-3166.test.ts --update`, and say in the changelog which codes went. */
it('iso-3166.json holds the codes of the iso-3166 package', async () => {
  const subdivisions = Map.groupBy(iso31662, ({ code }) => code.slice(0, 2));
  const codes = iso31661.map(({ alpha2 }) => {
    const own = (subdivisions.get(alpha2) ?? []).map(({ code }) => code.slice(3));
    return [alpha2, own.join(' ')];
  });
  expect(new Set(subdivisions.keys()).difference(new Set(iso31661.map(({ alpha2 }) => alpha2))).size).toBe(0);
  await expect(`${JSON.stringify(Object.fromEntries(codes), null, 1)}\n`).toMatchFileSnapshot('iso-3166.json');
});
