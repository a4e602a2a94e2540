import {
  customRoleChange,
  customRoleDetail,
  customRoleList,
  customRoleParams,
  customRoleView,
  newCustomRole,
  rightCatalogView,
} from '../../shared/api/custom-roles.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Admins } from '../admins/admins.ts';
import { definedFields } from './defined-fields.ts';
import { Reply, type Route, route } from './route.ts';

export type CustomRolesPort = Pick<
  Admins,
  'rightCatalog' | 'customRoles' | 'customRole' | 'createCustomRole' | 'changeCustomRole' | 'deleteCustomRole'
>;

export function customRoleRoutes(admins: CustomRolesPort): Route[] {
  return [
    route({
      name: 'rights.list',
      method: 'get',
      path: '/rights',
      summary: 'List the rights by area of work, with the built-in roles that have them',
      response: rightCatalogView,
      handler: async () => ({ areas: admins.rightCatalog() }),
    }),
    route({
      name: 'roles.list',
      method: 'get',
      path: '/roles',
      summary: 'List custom roles with their rights',
      response: customRoleList,
      handler: async () => ({ roles: await admins.customRoles() }),
    }),
    route({
      name: 'roles.show',
      method: 'get',
      path: '/roles/:id',
      summary: 'Show a custom role with its versions, and the accounts and tokens that have it',
      params: customRoleParams,
      response: customRoleDetail,
      handler: ({ params }) => admins.customRole(params.id),
    }),
    route({
      name: 'roles.create',
      method: 'post',
      path: '/roles',
      summary: 'Create a custom role. Owners only, with rights that they have themselves',
      body: newCustomRole,
      response: customRoleView,
      statuses: [201],
      handler: async ({ body, caller }) =>
        new Reply(await admins.createCustomRole(body, caller.account), { status: 201 }),
    }),
    route({
      name: 'roles.update',
      method: 'patch',
      path: '/roles/:id',
      summary: 'Change a custom role. The change applies to all sessions and tokens immediately',
      params: customRoleParams,
      body: customRoleChange,
      response: customRoleView,
      handler: ({ params, body: { version, ...change }, caller }) =>
        admins.changeCustomRole(params.id, { version, ...definedFields(change) }, caller.account),
    }),
    route({
      name: 'roles.delete',
      method: 'delete',
      path: '/roles/:id',
      summary: 'Delete a custom role that nothing uses',
      params: customRoleParams,
      response: done,
      async handler({ params, caller }) {
        await admins.deleteCustomRole(params.id, caller.account);
        return DONE;
      },
    }),
  ];
}
