/**
 * Routes for named areas: the organization's own groups of countries and polygons. An order names one version of an area, so a new version
 * does not change existing orders. An admin may change only areas within the scope of the admin's role.
 */
import {
  groupDefinition,
  LARGEST_GEOJSON,
  type NamedAreaView,
  namedAreaList,
  namedAreaParams,
  namedAreaView,
  polygonQuery,
} from '../../shared/api/areas.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Admins } from '../admins/admins.ts';
import type { RightName } from '../admins/rights.ts';
import { type AccessScope, isAllowed, requireAreas } from '../admins/roles.ts';
import { type AreaEditor, locationsOf, type NamedAreas } from '../jurisdiction/named-areas.ts';
import { type Caller, Reply, type Route, route } from './route.ts';
import { collect } from './upload.ts';

export type AreasPort = Pick<NamedAreas, 'namedAreas' | 'defineGroup' | 'importPolygon' | 'remove'>;

export interface AreaPorts {
  readonly areas: AreasPort;
  readonly admins: Pick<Admins, 'namesOf'>;
}

export function areaRoutes({ areas, admins }: AreaPorts): Route[] {
  return [
    route({
      name: 'areas.list',
      method: 'get',
      path: '/areas',
      summary: 'List your own groups of countries and polygons',
      response: namedAreaList,
      async handler({ demand }) {
        const known = await areas.namedAreas();
        const scope = editScope(demand);
        const makers = known.flatMap((area) => [area, ...area.earlier].map(({ madeBy }) => madeBy));
        return {
          areas: known.map((area) => ({
            ...viewOf(area),
            earlier: [...area.earlier],
            changeable: scope !== null && isAllowed(() => requireAreas(scope, locationsOf(area))),
          })),
          limit: scope === null ? [] : scope.areas,
          people: await admins.namesOf(new Set(makers)),
        };
      },
    }),
    route({
      name: 'areas.define',
      method: 'post',
      path: '/areas/groups',
      summary: 'Create a group of countries, or its next version',
      body: groupDefinition,
      response: namedAreaView,
      statuses: [201],
      async handler({ body: { name, title, members }, caller, scope }) {
        const area = await areas.defineGroup(name, title, members, editorOf(caller, scope));
        return new Reply(viewOf(area), { status: 201 });
      },
    }),
    route({
      name: 'areas.import',
      method: 'post',
      path: '/areas/polygons',
      summary: 'Import a polygon as GeoJSON, or its next version',
      query: polygonQuery,
      response: namedAreaView,
      statuses: [201],
      raw: 'upload',
      async handler({ query: { name, title }, upload, caller, scope }) {
        const bytes = await collect(upload, LARGEST_GEOJSON, 'A GeoJSON file');
        const area = await areas.importPolygon(name, title, bytes.toString('utf8'), editorOf(caller, scope));
        return new Reply(viewOf(area), { status: 201 });
      },
    }),
    route({
      name: 'areas.remove',
      method: 'delete',
      path: '/areas/:code',
      summary: 'Delete a group or polygon that no order names',
      params: namedAreaParams,
      response: done,
      async handler({ params, caller, scope }) {
        await areas.remove(params.code, editorOf(caller, scope));
        return DONE;
      },
    }),
  ];
}

const editorOf = ({ account }: Caller, scope: AccessScope): AreaEditor => ({
  account: account.id,
  requireAreas: (wanted) => requireAreas(scope, wanted),
});

function editScope(demand: (right: RightName) => AccessScope): AccessScope | null {
  return isAllowed(() => demand('areas.define')) ? demand('areas.define') : null;
}

type Made = Awaited<ReturnType<AreasPort['defineGroup']>>;

function viewOf({ code, version, title, members, polygon, madeAt, madeBy }: Made): NamedAreaView {
  return {
    code,
    version,
    title,
    madeAt,
    madeBy,
    members: members && [...members],
    polygon: polygon && { rings: polygon.rings.map((ring) => [...ring]), touches: [...polygon.touches] },
  };
}
