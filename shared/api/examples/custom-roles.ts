import { canonicalText } from '../../order/canonical.ts';
import { sha256 } from '../../order/digest.ts';
import { ANNA, days, idOf, KARACHI, TIMES } from './story.ts';

export const newCustomRole = {
  name: 'Device viewer',
  description: 'For the partners who repair laptops.',
  rights: ['devices.list', 'devices.show'],
};
export const customRoleView = {
  ...newCustomRole,
  id: idOf('rol', 'viewer'),
  version: 1,
  createdAt: TIMES.now - days(3),
  changedAt: TIMES.now - days(3),
};
export const customRoleList = { roles: [customRoleView] };
export const customRoleChange = { version: 1, rights: [...newCustomRole.rights, 'devices.inventory'] };
export const customRoleDetail = {
  ...customRoleView,
  versions: [
    {
      ...newCustomRole,
      version: 1,
      digest: sha256(canonicalText(newCustomRole)),
      changedBy: ANNA.account,
      at: customRoleView.createdAt,
    },
  ],
  grants: [
    {
      account: ANNA.account,
      name: ANNA.name,
      group: KARACHI.id,
      area: null,
      invited: false,
      source: 'manual' as const,
    },
  ],
  tokens: [],
  providerGroups: ['repair-partners'],
};
export const rightCatalogView = {
  areas: [
    {
      title: 'Devices',
      rights: [
        {
          name: 'devices.list',
          text: 'List devices and search for them.',
          roles: ['owner', 'fleet', 'helpdesk', 'legal', 'auditor'] as const,
          excluded: null,
          whole: false,
        },
      ],
    },
  ],
};
