import { borders } from '@rapideditor/country-coder';
import { iso31661, iso31662 } from 'iso-3166';
import { expect, it } from 'vitest';
import {
  AREA_GROUPS,
  COUNTRIES,
  expandAreas,
  parentOf,
  parseArea,
  parsePlace,
  placeOrNull,
  subdivisionsOf,
  withParents,
} from './area-code.ts';
import { partName, partsNamed } from './part-names.ts';

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

/** In the same way; in the order of the codes. */
it('iso-3166-names.json holds their names', async () => {
  const subdivisions = Map.groupBy(iso31662, ({ code }) => code.slice(0, 2));
  expect(iso31662.filter(({ name }) => name.includes('|'))).toEqual([]);
  const names = [...subdivisions].map(([country, parts]) => [country, parts.map(({ name }) => name).join('|')]);
  await expect(`${JSON.stringify(Object.fromEntries(names), null, 1)}\n`).toMatchFileSnapshot('iso-3166-names.json');
  for (const { code, name } of iso31662) expect(partName(code)).toBe(name);
});

it('finds parts of countries by what people type', () => {
  expect(partsNamed('sindh', 60)).toEqual(['PK-SD']);
  expect(partsNamed(' balochistan', 60)).toEqual(['PK-BA']);
  expect(partsNamed('a', 60)).toHaveLength(60);
  expect(partName('PK')).toBeNull();
});

/** In the same way. */
it('iso-3166-parts.json says which of them are within which', async () => {
  const within = Map.groupBy(
    iso31662.filter(({ code, parent }) => parent !== code.slice(0, 2)),
    ({ parent }) => parent,
  );
  const parts = [...within].map(([parent, all]) => [parent, all.map(({ code }) => code.slice(3)).join(' ')]);
  await expect(`${JSON.stringify(Object.fromEntries(parts), null, 1)}\n`).toMatchFileSnapshot('iso-3166-parts.json');
});

it.each([
  ['ES-B', ['ES-B', 'ES-CT', 'ES']],
  ['FR-75C', ['FR-75C', 'FR-IDF', 'FR']],
  ['PK-SD', ['PK-SD', 'PK']],
  ['PK-TA', ['PK-TA', 'PK-KP', 'PK']],
  ['GB-EDH', ['GB-EDH', 'GB-SCT', 'GB-GBN', 'GB-UKM', 'GB']],
  ['GB-WSM', ['GB-WSM', 'GB-ENG', 'GB-EAW', 'GB-GBN', 'GB-UKM', 'GB']],
  ['GB-BFS', ['GB-BFS', 'GB-NIR', 'GB-UKM', 'GB']],
  ['BE-VAN', ['BE-VAN', 'BE-VLG', 'BE']],
  ['ID-BT', ['ID-BT', 'ID-JW', 'ID']],
  ['HK', ['HK']],
])('%s is within %s', (code, chain) => {
  expect(withParents(parsePlace(code))).toEqual(chain);
});

it('every part is a place, and is found from above', () => {
  for (const country of iso31661.map(({ alpha2 }) => parsePlace(alpha2))) {
    for (const code of subdivisionsOf(country)) {
      const parent = parentOf(code)!;
      expect(subdivisionsOf(parent), code).toContain(code);
    }
  }
  expect(subdivisionsOf(parsePlace('BE-WAL')).sort()).toEqual(['BE-WBR', 'BE-WHT', 'BE-WLG', 'BE-WLX', 'BE-WNA']);
});

/** Those of which country-coder, since parts of them lie elsewhere, says no region. */
const SPREAD: Readonly<Record<string, readonly string[]>> = {
  DK: ['154', '150'],
  ES: ['039', '150'],
  FR: ['155', '150'],
  GB: ['154', '150'],
  NL: ['155', '150'],
  NO: ['154', '150'],
  NZ: ['053', '009'],
  RU: ['151', '150'],
  UM: ['057', '009'],
  US: ['021', '003', '019'],
};

/** M49 as country-coder has it, which puts Taiwan and Kosovo where they lie, though the United Nations' table does not list them. In the same way. */
it('un-regions.json holds the regions of the United Nations', async () => {
  const regions = borders.features
    .filter(({ properties: { m49, level } }) => m49 && ['region', 'subregion', 'intermediateRegion'].includes(level))
    .map(({ properties: { m49, nameEn } }) => {
      const members = borders.features
        .filter(({ properties: { groups, iso1A2 } }) => [...groups, ...(SPREAD[iso1A2 ?? ''] ?? [])].includes(m49!))
        .map(({ properties }) => properties.iso1A2)
        .filter((code) => placeOrNull(code));
      return [m49!, nameEn, [...new Set(members)].sort().join(' ')] as const;
    })
    .filter(([, , members]) => members !== '');
  // A name that is a number would be sorted by it; a member each a line would be a long file.
  const lines = regions.map(([code, name, members]) => ` "${code}": ${JSON.stringify({ name, members })}`).sort();
  await expect(`{\n${lines.join(',\n')}\n}\n`).toMatchFileSnapshot('un-regions.json');
});

it.each([
  ['UN-034', 'AF BD BT IN IR LK MV NP PK'],
  ['UN-053', 'AU CC CX HM NF NZ'],
  ['UN-143', 'KG KZ TJ TM UZ'],
  ['UN-021', 'BM CA GL PM US'],
])('%s has the members %s', (region, members) => {
  expect([...expandAreas([parseArea(region)])].sort().join(' ')).toBe(members);
});

it('puts every country into a region', () => {
  const regions = AREA_GROUPS.filter((group) => group.startsWith('UN-'));
  const inSome = expandAreas(regions);
  expect(COUNTRIES.filter((country) => !inSome.has(country))).toEqual(['AQ']);
});
