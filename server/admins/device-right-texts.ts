/** Plain sentences about rights to devices and their users, by area of work. `right-catalog.ts` joins all texts. */
import type { GrantableName } from './roles.ts';

type Texts = Partial<Record<GrantableName, string>>;

export const DEVICES = {
  'devices.names': 'Read the names of devices in lists of other pages.',
  'devices.list': 'List devices and search for them.',
  'devices.show': 'Open the page of a device.',
  'devices.inventory': 'Read the hardware and the configuration of a device.',
  'devices.software': 'Read the software of a device.',
  'devices.advisories': 'Read the known vulnerabilities of a device.',
  'devices.certificates': 'Read the certificates of a device.',
  'devices.verdict': 'See which services of a device are suspended.',
  'devices.facts': 'Read the facts that expressions of groups use.',
  'devices.receipts': 'See which orders a device has displayed and enforced.',
  'devices.evidence': 'Read where a device was and how the server knows it.',
  'devices.explain': 'Ask where a device was at a past time, and why a service was suspended.',
  'devices.personal-inventory': 'See the local users and the network of a device.',
  'devices.update': 'Change the primary group, the home area and the location statement of a device.',
  'devices.revoke': 'Revoke the certificate of a device. The device must enroll again.',
  'messaging-keys.list': 'List devices that wait for confirmation before they join conversations.',
  'messaging-keys.countersign': "Confirm devices for conversations with the organization's key.",
} as const satisfies Texts;

export const COMMANDS = {
  'commands.list': 'List the commands of a device.',
  'commands.show': 'Read one command and its result.',
  'commands.issue': 'Send commands that destroy nothing to one device.',
  'commands.issue-many': 'Send commands that destroy nothing to many devices.',
  'commands.destroy': 'Also send commands that destroy data, such as a wipe. Needs a right to send commands.',
  'commands.cancel': 'Cancel commands that wait.',
  'jobs.list': 'List jobs.',
  'jobs.show': 'Read a job and its progress.',
  'jobs.devices': 'List the devices of a job.',
  'jobs.export': 'Export the result of a job as a file.',
  'jobs.pause': 'Pause jobs.',
  'jobs.resume': 'Resume jobs. A job that destroys data also needs a step-up sign-in.',
  'jobs.abort': 'Abort jobs.',
  'actions.list': 'List destructive actions that wait for a second person.',
  'actions.show': 'Read a destructive action that waits for a second person.',
  'actions.confirm': "Confirm another admin's destructive action. Needs also the right to this action.",
  'actions.decline': "Decline another admin's destructive action.",
} as const satisfies Texts;

export const ENROLLMENT = {
  'people.list': 'List people.',
  'people.show': 'Open the page of a person.',
  'people.create': 'Create people.',
  'people.update': 'Change and merge people.',
  'codes.list': 'List activation codes.',
  'codes.create': 'Create activation codes, with which devices enroll.',
  'codes.cancel': 'Cancel activation codes.',
  'codes.create-mail-connector': 'Create the activation code of a mail connector, which reads all mail of the company.',
} as const satisfies Texts;

export const GROUPS = {
  'groups.list': 'List groups.',
  'groups.show': 'Open the page of a group.',
  'groups.facts': 'Read the names of facts for expressions.',
  'groups.preview': 'See which devices an expression selects.',
  'groups.change-members': 'Add and remove devices and people of static groups.',
  'groups.create': 'Create groups.',
  'groups.update': 'Change groups and their expressions.',
  'groups.delete': 'Delete groups.',
  'groups.trust': 'Allow a dynamic group for roles and order exemptions.',
} as const satisfies Texts;

export const POLICIES = {
  'policies.list': 'List policies.',
  'policies.show': 'Open a policy.',
  'policies.versions': 'List the versions of a policy.',
  'policies.version': 'Read one version of a policy.',
  'policies.compare': 'Compare two versions of a policy.',
  'policies.rehearse': 'See which devices a new version would affect.',
  'policies.create': 'Create policies.',
  'policies.rename': 'Rename policies.',
  'policies.add-version': 'Create new versions of policies. They have no effect before their rollout.',
  'policies.roll-out': 'Roll out a version of a policy to devices.',
  'policies.roll-back': 'Return to an earlier version of a policy.',
  'policies.assign': 'Assign policies to groups.',
  'policies.order': 'Change the order of precedence of policies.',
  'policies.delete': 'Delete policies.',
  'compliance.counts': 'See how many devices comply.',
  'compliance.list': 'List devices by their compliance.',
  'compliance.show': 'Read the compliance of a device.',
  'compliance.history': 'Read the history of the compliance of a device.',
  'compliance.report': 'Export the compliance report.',
  'compliance.statement': 'Get a signed statement about the compliance of a device.',
} as const satisfies Texts;

export const SOFTWARE = {
  'software.list': 'List the software of the fleet.',
  'software.show': 'Read the versions of a piece of software.',
  'software.devices': 'List devices with a version of software.',
  'software.csv': 'Export the list of software.',
  'software.devices-csv': 'Export the list of devices with a version of software.',
  'advisories.list': 'List known vulnerabilities.',
  'advisories.show': 'Read a known vulnerability.',
  'advisories.devices': 'List devices with a known vulnerability.',
  'advisories.devices-csv': 'Export the list of devices with a known vulnerability.',
  'advisories.import': 'Import files with advisories.',
  'inventory-sections.show': 'See which data devices report.',
  'inventory-sections.change': 'Choose which data devices report.',
} as const satisfies Texts;
