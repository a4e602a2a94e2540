/** Routes for people: users of devices and holders of admin accounts. A grant for one group gives access only to people of this group. */
import { newPerson, personChange, personPage, personParams, personQuery, personView } from '../../shared/api/people.ts';
import type { Scope } from '../devices/scope.ts';
import { coversPerson, type People } from '../people/people.ts';
import type { Person } from '../people/ports.ts';
import { definedFields } from './defined-fields.ts';
import { Reply, type Route, route } from './route.ts';

export type PeoplePort = Pick<People, 'get' | 'create' | 'update' | 'list'>;

export function peopleRoutes(people: PeoplePort): Route[] {
  return [
    route({
      name: 'people.list',
      method: 'get',
      path: '/people',
      summary: "List people within the caller's scope",
      query: personQuery,
      response: personPage,
      async handler({ query: { cursor = null, limit, ...filter }, scope }) {
        const page = await people.list({ filter: definedFields(filter), scope: scope.devices, cursor, limit });
        return { ...page, people: page.people.map((person) => viewOf(person, scope.devices)) };
      },
    }),
    route({
      name: 'people.create',
      method: 'post',
      path: '/people',
      summary: 'Add a person. Names need not be unique',
      body: newPerson,
      response: personView,
      statuses: [201],
      async handler({ body, scope }) {
        const person = await people.create(body, scope.devices);
        return new Reply(viewOf(person, scope.devices), { status: 201 });
      },
    }),
    route({
      name: 'people.show',
      method: 'get',
      path: '/people/:id',
      summary: 'Show a person',
      params: personParams,
      response: personView,
      handler: async ({ params, scope }) => viewOf(await people.get(params.id, scope.devices), scope.devices),
    }),
    route({
      name: 'people.update',
      method: 'patch',
      path: '/people/:id',
      summary: 'Change name, e-mail, groups, directory id or status of a person',
      params: personParams,
      body: personChange,
      response: personView,
      handler: async ({ params, body, scope }) =>
        viewOf(await people.update(params.id, definedFields(body), scope.devices), scope.devices),
    }),
  ];
}

function viewOf(person: Person, scope: Scope) {
  const groups = person.groups.filter((group) => coversPerson(scope, [group]));
  return { ...person, groups, inScope: coversPerson(scope, person.groups) };
}
