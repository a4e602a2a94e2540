import { customRoleDetail, customRoleList, rightCatalogView } from '../../../shared/api/custom-roles.ts';
import { topicQuery } from '../client/queries.ts';

export const customRolesQuery = topicQuery(['accounts'], '/roles', customRoleList);
export const rightsQuery = topicQuery([], '/rights', rightCatalogView);
export const customRoleQuery = (id: string) =>
  topicQuery(['accounts'], `/roles/${encodeURIComponent(id)}`, customRoleDetail);
