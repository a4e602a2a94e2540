import { sha256 } from '../../order/digest.ts';
import { ANNA, KARL, namesByAccount, ORDER, ORDER_TITLE, TIMES } from './story.ts';

export const groupDefinition = {
  name: 'south-asia',
  title: 'Sales region South Asia',
  members: ['BD', 'IN', 'LK', 'PK'],
};
export const namedAreaView = {
  code: `XG-${groupDefinition.name}`,
  version: 1,
  title: groupDefinition.title,
  madeAt: TIMES.start,
  madeBy: KARL.account,
  members: groupDefinition.members,
  polygon: null,
};
export const namedAreaList = {
  areas: [{ ...namedAreaView, earlier: [], changeable: true }],
  limit: null,
  people: namesByAccount,
};

const databaseOf = (month: string) => ({
  hash: sha256(`dbip-country-lite-${month}`),
  name: `dbip-country-lite-${month}`,
  builtAt: Date.parse(`${month}-01T00:00:00Z`),
});
export const usedDatabase = databaseOf('2026-02');
export const ipDatabaseView = {
  ...usedDatabase,
  importedAt: TIMES.proposed,
  importedBy: ANNA.account,
  size: 7_914_212,
  active: true,
};
export const ipDatabaseList = {
  databases: [ipDatabaseView],
  activations: [{ hash: usedDatabase.hash, at: TIMES.proposed, by: ANNA.account }],
  relocation: null,
  people: { [ANNA.account]: ANNA.name },
};
const orderCounts = {
  order: ORDER,
  title: ORDER_TITLE,
  effective: TIMES.effective,
  denied: { before: 38, after: 39 },
  newlyDenied: 1,
  newlyAllowed: 0,
};
export const ipComparisonView = {
  current: usedDatabase,
  other: databaseOf('2026-03'),
  at: TIMES.now,
  compared: 412,
  moved: 1,
  moves: [{ from: 'AE', to: 'PK', devices: 1 }],
  orders: [orderCounts],
};

export const territoryPolicy = {
  version: 1,
  title: 'Position of Exempel AB on disputed territories',
  date: '2026-01-30',
  features: {
    kashmir: { choice: 'contested', note: 'No position. The rule of each order for contested locations applies.' },
  },
};
export const territoryPolicyView = {
  ...territoryPolicy,
  hash: sha256(JSON.stringify(territoryPolicy)),
  importedAt: TIMES.start,
  importedBy: KARL.account,
  active: true,
};
export const territoryPolicyList = {
  policies: [territoryPolicyView],
  activations: [{ version: 1, at: TIMES.start, by: KARL.account }],
  people: namesByAccount,
};
export const policyComparisonView = {
  current: { version: 1, title: territoryPolicy.title, date: territoryPolicy.date },
  other: { version: 2, title: territoryPolicy.title, date: '2026-03-06' },
  at: TIMES.now,
  territories: [{ territory: 'kashmir', from: null, to: 'PK' }],
  orders: [
    {
      ...orderCounts,
      territories: [{ territory: 'kashmir', signed: null, policy: 'PK' }],
      otherReasons: 0,
    },
  ],
};
