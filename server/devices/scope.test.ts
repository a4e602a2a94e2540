import { expect, it } from 'vitest';
import { parseHomeArea, parseScopeArea } from '../../shared/areas/area-code.ts';
import { newGroupId } from '../../shared/protocol/ids.ts';
import { scopeOf } from '../admins/roles.ts';
import { groupInScope, inScope } from './scope.ts';

const group = newGroupId();

it.each([
  ['ES', 'ES', true],
  ['ES', 'ES-CT', true],
  ['ES', 'ES-B', true],
  ['ES-CT', 'ES-CT', true],
  ['ES-CT', 'ES-B', true],
  ['ES-CT', 'ES-M', false],
  ['ES-CT', 'ES', false],
  ['ES-B', 'ES-CT', false],
  ['GB-GBN', 'GB-KEN', true],
  ['GB-SCT', 'GB-KEN', false],
  ['EU', 'ES-B', true],
  ['EU', 'GB-KEN', false],
  ['UN-039', 'ES-B', true],
  ['US', 'PR', false],
  ['CN', 'HK', false],
  ['PK', null, false],
])('a role for %s includes a device whose home is %s: %s', (area, home, expected) => {
  const scope = scopeOf('devices.list', [{ role: 'fleet', group: null, area: parseScopeArea(area) }]).devices;
  const place = home === null ? null : parseHomeArea(home);
  expect(inScope(scope, { groups: [group], home: place })).toBe(expected);
  expect(groupInScope(scope, { id: group, home: place })).toBe(expected);
});
