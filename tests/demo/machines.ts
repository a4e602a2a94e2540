/** Machines of the demo: systems of typical company laptops with plausible software, disks and protection. Some machines are out of date. */
import { createHash } from 'node:crypto';
import type { SoftwareEntry } from '../../shared/inventory/software.ts';
import type { Machine } from '../replay/simulated-machine.ts';

interface System {
  readonly distro: string;
  readonly id: string;
  readonly release: string;
  readonly kernel: string;
  readonly source: 'dpkg' | 'rpm';
  /** Version of OpenSSL before and after the security update, and the package with its library. */
  readonly openssl: readonly [before: string, after: string, library: string];
  /** Other packages: name and version. */
  readonly packages: string;
}

const SYSTEMS: readonly System[] = [
  {
    distro: 'Ubuntu',
    id: 'ubuntu',
    release: '24.04',
    kernel: '6.8.0-85-generic',
    source: 'dpkg',
    openssl: ['3.0.13-0ubuntu3.5', '3.0.13-0ubuntu3.6', 'libssl3t64'],
    packages:
      'bash 5.2.21-2ubuntu4, curl 8.5.0-2ubuntu10.6, git 1:2.43.0-1ubuntu7.3, libreoffice-core 4:24.2.7-0ubuntu0.24.04.4, openssh-client 1:9.6p1-3ubuntu13.13, python3 3.12.3-0ubuntu2, sudo 1.9.15p5-3ubuntu5.24.04.1, systemd 255.4-1ubuntu8.10, thunderbird 2:1snap1-0ubuntu3, vim 2:9.1.0016-1ubuntu7.8',
  },
  {
    distro: 'Debian GNU/Linux',
    id: 'debian',
    release: '13',
    kernel: '6.12.48+deb13-amd64',
    source: 'dpkg',
    openssl: ['3.5.1-1', '3.5.1-1+deb13u1', 'libssl3t64'],
    packages:
      'bash 5.2.37-2, curl 8.14.1-2, firefox-esr 140.4.0esr-1~deb13u1, git 1:2.47.3-0+deb13u1, libreoffice-core 4:25.2.3-2+deb13u2, openssh-client 1:10.0p1-7, python3 3.13.5-1, sudo 1.9.16p2-3, systemd 257.8-1~deb13u2, vim 2:9.1.1230-2',
  },
  {
    distro: 'Fedora Linux',
    id: 'fedora',
    release: '44',
    kernel: '6.17.4-200.fc44.x86_64',
    source: 'rpm',
    openssl: ['1:3.5.4-1.fc44', '1:3.5.4-2.fc44', 'openssl-libs'],
    packages:
      'bash 5.3.0-2.fc44, curl 8.15.0-2.fc44, firefox 144.0-1.fc44, git 2.51.0-2.fc44, libreoffice-core 1:25.8.1-1.fc44, openssh-clients 10.0p1-5.fc44, python3 3.14.0-1.fc44, sudo 1.9.17-4.fc44, systemd 258-1.fc44, vim-enhanced 2:9.1.1775-1.fc44',
  },
  {
    distro: 'Ubuntu',
    id: 'ubuntu',
    release: '26.04',
    kernel: '6.17.0-7-generic',
    source: 'dpkg',
    openssl: ['3.5.3-1ubuntu2', '3.5.3-1ubuntu3', 'libssl3t64'],
    packages:
      'bash 5.3-1ubuntu1, curl 8.16.0-2ubuntu1, git 1:2.51.0-1ubuntu1, libreoffice-core 4:25.8.2-0ubuntu1, openssh-client 1:10.0p1-8ubuntu1, python3 3.13.7-1, sudo-rs 0.2.8-1ubuntu5, systemd 258-2ubuntu1, vim 2:9.1.1766-1ubuntu1',
  },
  {
    distro: 'Red Hat Enterprise Linux',
    id: 'rhel',
    release: '10',
    kernel: '6.12.0-55.38.1.el10_0.x86_64',
    source: 'rpm',
    openssl: ['1:3.2.2-16.el10', '1:3.2.2-16.el10_0.4', 'openssl-libs'],
    packages:
      'bash 5.2.26-6.el10, curl 8.9.1-5.el10, firefox 140.4.0-3.el10_0, git 2.47.3-1.el10_0, openssh-clients 9.9p1-11.el10, python3 3.12.9-2.el10, sudo 1.9.15-9.p5.el10, systemd 257-9.el10, vim-enhanced 2:9.1.083-5.el10',
  },
  {
    distro: 'Debian GNU/Linux',
    id: 'debian',
    release: '12',
    kernel: '6.1.0-40-amd64',
    source: 'dpkg',
    openssl: ['3.0.16-1~deb12u1', '3.0.17-1~deb12u3', 'libssl3'],
    packages:
      'bash 5.2.15-2+b9, curl 7.88.1-10+deb12u14, firefox-esr 140.4.0esr-1~deb12u1, git 1:2.39.5-0+deb12u2, libreoffice-core 4:7.4.7-1+deb12u9, openssh-client 1:9.2p1-2+deb12u7, python3 3.11.2-1+b1, sudo 1.9.13p3-1+deb12u2, systemd 252.39-1~deb12u1, vim 2:9.0.1378-2+deb12u2',
  },
  {
    distro: 'Ubuntu',
    id: 'ubuntu',
    release: '22.04',
    kernel: '5.15.0-157-generic',
    source: 'dpkg',
    openssl: ['3.0.2-0ubuntu1.19', '3.0.2-0ubuntu1.20', 'libssl3'],
    packages:
      'bash 5.1-6ubuntu1.1, curl 7.81.0-1ubuntu1.21, git 1:2.34.1-1ubuntu1.15, libreoffice-core 1:7.3.7-0ubuntu0.22.04.10, openssh-client 1:8.9p1-3ubuntu0.13, python3 3.10.6-1~22.04.1, sudo 1.9.9-1ubuntu2.5, systemd 249.11-0ubuntu3.16, vim 2:8.2.3995-1ubuntu2.24',
  },
];

/** Software that only some people use. */
const EXTRAS: readonly SoftwareEntry[] = [
  ['flatpak', 'org.gimp.GIMP', '3.0.4', ''],
  ['flatpak', 'com.slack.Slack', '4.46.96', ''],
  ['flatpak', 'us.zoom.Zoom', '6.5.7', ''],
  ['flatpak', 'org.inkscape.Inkscape', '1.4.2', ''],
  ['flatpak', 'org.keepassxc.KeePassXC', '2.7.10', ''],
];

const MODELS = [
  ['Lenovo', 'ThinkPad T14 Gen 5', 'Intel(R) Core(TM) Ultra 5 125U'],
  ['Dell Inc.', 'Latitude 7450', 'Intel(R) Core(TM) Ultra 7 165U'],
  ['HP', 'EliteBook 845 G11', 'AMD Ryzen 5 PRO 8540U'],
  ['Framework', 'Laptop 13', 'AMD Ryzen 7 7840U'],
] as const;

/** Alphabet of serial numbers. Letters that look like digits are left out. */
const SERIAL = '0123456789ABCDEFGHJKLMNPQRSTUVWXYZ';

/** Versions that the advisory names as fixed, by the ecosystem of OSV. */
export const FIXED_OPENSSL: readonly (readonly [ecosystem: string, version: string])[] = SYSTEMS.flatMap(
  ({ id, release, openssl: [, after] }): [string, string][] => {
    if (id === 'debian') return [[`Debian:${release}`, after]];
    return id === 'ubuntu' ? [[`Ubuntu:${release}:LTS`, after]] : [];
  },
);

/** Machine number `n` of an office. `office`: index of the office, so that small demos have several systems too. */
export function machineOf(hostname: string, office: number, n: number): Machine {
  const pick = <T>(list: readonly [T, ...T[]] | readonly T[], at: number): T => list[at % list.length] as T;
  const { distro, id, release, kernel, source, openssl, packages } = pick(SYSTEMS, office + n);
  const number = office * 3 + n;
  const [before, after, library] = openssl;
  const version = (office + n) % 3 === 1 ? before : after;
  const [manufacturer, model, cpu] = pick(MODELS, number);
  const software: SoftwareEntry[] = [
    [source, 'openssl', version, ''],
    [source, library, version, source === 'dpkg' ? 'openssl' : ''],
    ...packages.split(', ').map((text): SoftwareEntry => {
      const [name = '', its = ''] = text.split(' ');
      return [source, name, its, ''];
    }),
    ...EXTRAS.filter((_, index) => (number + index) % 4 === 0),
  ];
  return {
    hostname,
    distro,
    release,
    details: {
      id,
      version: release,
      kernel,
      manufacturer,
      model,
      serial: serialOf(hostname),
      cpu,
      batteryHealth: 100 - ((number * 7) % 34),
      software,
      encrypted: number % 11 !== 5,
      firewall: number % 23 !== 7,
      automaticUpdates: number % 7 !== 2,
      securityUpdates: version === before ? ['openssl', library].map((name) => ({ name, version: after })) : [],
    },
  };
}

/** Serial number that depends only on the host name. */
const serialOf = (hostname: string): string =>
  'PF' +
  [...createHash('sha256').update(hostname).digest().subarray(0, 6)]
    .map((byte) => SERIAL[byte % SERIAL.length])
    .join('');
