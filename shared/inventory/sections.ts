/**
 * Sections of the inventory: the complete list of what an agent can report about its device. `cordon-agent privacy` prints this list. The
 * organization can switch sections off, and cannot add a section that is not here.
 */
export const SECTIONS = [
  'system',
  'disks',
  'battery',
  'updates',
  'security',
  'software',
  'users',
  'network',
  'certificates',
  'queries',
] as const;
export type Section = (typeof SECTIONS)[number];
/** Sections of the reported inventory. A device does not report `queries`: it answers when an admin asks. */
export type ReportedSection = Exclude<Section, 'queries'>;

export interface SectionText {
  readonly title: string;
  readonly meaning: string;
}

export const SECTION_TEXTS: Readonly<Record<Section, SectionText>> = {
  system: {
    title: 'System',
    meaning:
      'Host name, operating system, manufacturer, model, serial number, processor, memory and time of the last start',
  },
  disks: { title: 'Disks', meaning: 'Name, size and encryption of each disk' },
  battery: { title: 'Battery', meaning: 'Charge, health and charging cycles of each battery' },
  updates: { title: 'Updates', meaning: 'Pending updates of the operating system, and whether it must restart' },
  security: { title: 'Protection', meaning: 'Whether a firewall and Secure Boot are active' },
  software: {
    title: 'Software',
    meaning: 'Name and version of each installed package. No file and no use of a program',
  },
  users: { title: 'Local users', meaning: 'Name of each local user account, and whether it may administer the device' },
  network: { title: 'Network', meaning: 'Name, hardware address and IP addresses of each network adapter. No traffic' },
  certificates: {
    title: 'Certificates',
    meaning: 'Subject, issuer and expiry of certificates that were added to the device. No private key',
  },
  queries: {
    title: 'Live queries',
    meaning:
      'When an admin asks: running processes without their arguments, services, open ports, and files with a given SHA-256 hash. No content of a file',
  },
};

/** Section that the organization cannot switch off, because an admin recognizes a device by it. */
export const FIXED_SECTION = 'system';
export const OPTIONAL_SECTIONS = SECTIONS.filter((section) => section !== FIXED_SECTION);

/** Sections with data about the person who uses the device. Every route that returns or compares them needs a right of its own. */
export const PERSONAL_SECTIONS = ['users', 'network', 'queries'] as const satisfies readonly Section[];

/**
 * Reasons why a report has no data of a section.
 * - off: the organization switched the section off.
 * - not-displayed: the organization switched the section on again, and the device has not yet displayed this to the user.
 * - unsupported: the agent cannot read this section on this system.
 * - failed: reading failed, or the program that knows the data did not end in time.
 */
export const MISSING_REASONS = ['off', 'not-displayed', 'unsupported', 'failed'] as const;
export type MissingReason = (typeof MISSING_REASONS)[number];
