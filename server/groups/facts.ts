/**
 * Facts about a device: named and typed values that the expressions of dynamic groups use. A fact that the server does not know is unknown
 * (null). The facts of the inventory are the device's own claims: an admin of the device can change them.
 */

import { FACTS as REPORTED } from '../../shared/inventory/facts.ts';

/** Types of facts, with the names of the Common Expression Language. `list`: list of texts. `map`: maps texts to texts. */
export type FactType = 'string' | 'int' | 'bool' | 'list' | 'map';
export type FactValue = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;

/** Sources of facts. The value of each source is a bit, so one number can say which sources of a device changed. */
export const FACT_SOURCES = { device: 1, presence: 2, location: 4, workspace: 8, inventory: 16, labels: 32 } as const;
export type FactSource = keyof typeof FACT_SOURCES;

export interface FactDeclaration {
  readonly type: FactType;
  readonly source: FactSource;
  readonly meaning: string;
}

export type FactCatalog = Readonly<Record<string, FactDeclaration>>;
/** Values of one device's facts by name. A fact is unknown if its name is absent, or its value is null or undefined. */
export type FactValues = Readonly<Record<string, FactValue | null | undefined>>;

const fact = (type: FactType, source: FactSource, meaning: string): FactDeclaration => ({ type, source, meaning });

/** Facts that come from the server's own records, not from the device. */
const SERVER_FACTS = {
  status: fact('string', 'device', 'Status of the enrollment: active, revoked or unenrolled'),
  mailConnector: fact('bool', 'device', 'Whether the device is a mail connector'),
  missing: fact('bool', 'device', 'Whether an admin marked the device as missing'),
  retired: fact('bool', 'device', 'Whether an admin retired the device'),
  labels: fact('list', 'labels', 'Labels of the device, in lower case'),
  group: fact('string', 'device', 'Id of the primary group'),
  home: fact('string', 'device', 'Home area that applies to the device, such as PK or ES-CT'),
  seat: fact('string', 'device', 'Legal seat that applies to the device'),
  'user.id': fact('string', 'device', 'Id of the user (the person whom the device is for)'),
  'user.groups': fact('list', 'device', "Ids of the user's groups"),
  areas: fact(
    'list',
    'location',
    'Countries and disputed territories in which the device is or may be, and the country groups that contain them, such as DE and EU',
  ),
  workspace: fact(
    'string',
    'workspace',
    'State of the workspace: open, passcode (waits for the user’s passcode), locked or wiped',
  ),
  'agent.version': fact('string', 'presence', 'Version of the agent'),
} as const satisfies FactCatalog;

/** Facts that the device reports in its inventory, without the long list of software. The presence has the version of the agent. */
const INVENTORY_FACTS: FactCatalog = Object.fromEntries(
  Object.entries(REPORTED)
    .filter(([name]) => name !== 'agent.version' && name !== 'software')
    .map(([name, { type, meaning }]) => [name, fact(type, 'inventory', meaning)]),
);

export const FACTS: FactCatalog = { ...SERVER_FACTS, ...INVENTORY_FACTS };

/** Set of the sources of the given facts, as a sum of their bits. */
export const sourcesOf = (catalog: FactCatalog, names: Iterable<string>): number =>
  [...names].reduce((bits, name) => bits | (catalog[name] ? FACT_SOURCES[catalog[name].source] : 0), 0);
