import { inventoryOfDevice } from './inventory-of-device.ts';
import { ANNA, BILAL, days, HOSTNAME, TIMES } from './story.ts';

const title = { id: 17, source: 'dpkg', name: 'libssl3t64' };
const [older, newer] = ['3.0.13-0ubuntu3.5', '3.0.13-0ubuntu3.6'];
const foundDevices = [{ device: BILAL.device, user: BILAL.name, hostname: HOSTNAME, versions: [older] }];

export const softwarePage = { titles: [{ ...title, devices: 48_213, versions: 2, newest: newer }], cursor: null };
export const softwareDetail = {
  ...title,
  devices: 48_213,
  versions: [
    { version: newer, devices: 48_212 },
    { version: older, devices: 1 },
  ],
};
export const softwareDevicePage = { title, devices: foundDevices, total: 1, cursor: null };

const advisory = {
  id: 'USN-7278-1',
  summary: 'OpenSSL vulnerabilities',
  severity: 'CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:N',
  aliases: ['CVE-2024-13176'],
  publishedAt: TIMES.now - days(9),
  modifiedAt: TIMES.now - days(8),
  importedAt: TIMES.now - days(2),
};
export const advisoryPage = { advisories: [{ ...advisory, devices: 1 }], cursor: null };
export const advisoryDetail = {
  ...advisory,
  details: 'A timing side channel in ECDSA signatures could reveal the private key.',
  packages: [
    {
      source: 'dpkg',
      name: 'openssl',
      release: 'ubuntu:24.04',
      ranges: {
        events: [
          [
            { kind: 'introduced', version: '0' },
            { kind: 'fixed', version: newer },
          ],
        ],
        versions: [],
      },
    },
  ],
};
export const advisoryDevicePage = {
  advisory,
  devices: [{ ...foundDevices[0], versions: [`${title.name} ${older}`] }],
  total: 1,
  cursor: null,
};
export const advisoryImport = { read: 431, changed: 12, withdrawn: 0, skippedPackages: 96 };

export const inventoryView = { inventory: inventoryOfDevice, withheld: [] };
export const deviceSoftware = { software: [{ source: title.source, name: title.name, version: older }] };
export const deviceAdvisories = {
  advisories: [
    {
      id: advisory.id,
      summary: advisory.summary,
      severity: advisory.severity,
      modifiedAt: advisory.modifiedAt,
      packages: [{ source: title.source, name: title.name, version: older }],
    },
  ],
};
export const deviceFacts = {
  facts: {
    'os.id': 'ubuntu',
    'os.patched': false,
    pendingUpdates: 2,
    firewall: true,
    software: { [title.name]: older },
  },
};
export const inventorySections = {
  sections: [
    {
      section: 'certificates',
      title: 'Certificates',
      meaning: 'Subject, issuer and expiry of certificates that were added to the device. No private key',
      on: false,
      fixed: false,
      personal: false,
    },
  ],
  changedAt: TIMES.now - days(30),
  changedBy: ANNA.name,
};
export const inventorySectionsChange = { off: ['certificates'] };
