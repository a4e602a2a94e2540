import { borders } from '@rapideditor/country-coder';
import { iso31661, iso31662 } from 'iso-3166';
import { expect, it } from 'vitest';
import {
  AREA_GROUPS,
  COUNTRIES,
  expandAreas,
  homeAreaOrNull,
  parentOf,
  parseHomeArea,
  parseScopeArea,
  subdivisionsIn,
  withParents,
} from './area-code.ts';
import { findParts, partName } from './part-names.ts';

/** For newer tables of the package, run `vitest run shared/areas/iso-3166.test.ts --update`, and list removed codes in the changelog. */
it('iso-3166.json has the codes of the iso-3166 package', async () => {
  const subdivisions = Map.groupBy(iso31662, ({ code }) => code.slice(0, 2));
  const codes = iso31661.map(({ alpha2 }) => {
    const own = (subdivisions.get(alpha2) ?? []).map(({ code }) => code.slice(3));
    return [alpha2, own.join(' ')];
  });
  expect(new Set(subdivisions.keys()).difference(new Set(iso31661.map(({ alpha2 }) => alpha2))).size).toBe(0);
  await expect(`${JSON.stringify(Object.fromEntries(codes), null, 1)}\n`).toMatchFileSnapshot('iso-3166.json');
});

/** Names in the order of the codes. Update them with `--update`, like the codes. */
it('iso-3166-names.json has the names of these codes', async () => {
  const subdivisions = Map.groupBy(iso31662, ({ code }) => code.slice(0, 2));
  expect(iso31662.filter(({ name }) => name.includes('|'))).toEqual([]);
  const names = [...subdivisions].map(([country, parts]) => [country, parts.map(({ name }) => name).join('|')]);
  await expect(`${JSON.stringify(Object.fromEntries(names), null, 1)}\n`).toMatchFileSnapshot('iso-3166-names.json');
  for (const { code, name } of iso31662) expect(partName(code)).toBe(name);
});

it('finds subdivisions by the text that users type', () => {
  expect(findParts('sindh', 60)).toEqual(['PK-SD']);
  expect(findParts(' balochistan', 60)).toEqual(['PK-BA']);
  expect(findParts('a', 60)).toHaveLength(60);
  expect(partName('PK')).toBeNull();
});

/** Update as above. */
it('iso-3166-parts.json lists the larger subdivision of each subdivision', async () => {
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
  expect(withParents(parseHomeArea(code))).toEqual(chain);
});

it('every nested subdivision is an area, and its parent lists it', () => {
  for (const country of iso31661.map(({ alpha2 }) => parseHomeArea(alpha2))) {
    for (const code of subdivisionsIn(country)) {
      const parent = parentOf(code)!;
      expect(subdivisionsIn(parent), code).toContain(code);
    }
  }
  expect(subdivisionsIn(parseHomeArea('BE-WAL')).sort()).toEqual(['BE-WBR', 'BE-WHT', 'BE-WLG', 'BE-WLX', 'BE-WNA']);
});

/** Areas without a region in country-coder, because parts of them are elsewhere. */
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

/** M49 regions from country-coder. It includes Taiwan and Kosovo, which the United Nations' table does not list. Update as above. */
it('un-regions.json has the regions of the United Nations', async () => {
  const regions = borders.features
    .filter(({ properties: { m49, level } }) => m49 && ['region', 'subregion', 'intermediateRegion'].includes(level))
    .map(({ properties: { m49, nameEn } }) => {
      const members = borders.features
        .filter(({ properties: { groups, iso1A2 } }) => [...groups, ...(SPREAD[iso1A2 ?? ''] ?? [])].includes(m49!))
        .map(({ properties }) => properties.iso1A2)
        .filter((code) => homeAreaOrNull(code));
      return [m49!, nameEn, [...new Set(members)].sort().join(' ')] as const;
    })
    .filter(([, , members]) => members !== '');
  // JSON sorts numeric keys by value, and one line for each member would make a long file.
  const lines = regions.map(([code, name, members]) => ` "${code}": ${JSON.stringify({ name, members })}`).sort();
  await expect(`{\n${lines.join(',\n')}\n}\n`).toMatchFileSnapshot('un-regions.json');
});

it.each([
  ['UN-034', 'AF BD BT IN IR LK MV NP PK'],
  ['UN-053', 'AU CC CX HM NF NZ'],
  ['UN-143', 'KG KZ TJ TM UZ'],
  ['UN-021', 'BM CA GL PM US'],
])('%s has the members %s', (region, members) => {
  expect([...expandAreas([parseScopeArea(region)])].sort().join(' ')).toBe(members);
});

it('puts every country into a region', () => {
  const regions = AREA_GROUPS.filter((group) => group.startsWith('UN-'));
  const inSome = expandAreas(regions);
  expect(COUNTRIES.filter((country) => !inSome.has(country))).toEqual(['AQ']);
});
