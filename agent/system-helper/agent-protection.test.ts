import { expect, it } from 'vitest';
import { isAgentFile, requireOtherClaims } from './agent-protection.ts';
import type { PackageFile } from './package-manager.ts';

const NO_LINK = () => null;
const file = (path: string, target: string | null = null): PackageFile => ({ path, target });
const check = (files: readonly PackageFile[], links: Readonly<Record<string, string>> = {}) =>
  requireOtherClaims({ names: [], files }, (path) => links[path] ?? null);

it('recognizes files of the agent by their names', () => {
  for (const path of [
    'etc/cordon-agent/system.json',
    './usr/sbin/cordon-agent',
    '/usr/local/bin/cordon-agent-system',
    '/run/systemd/transient/cordon-agent.service.d/other.conf',
    '/run/systemd/generator.late/cordon-agent-system.socket',
    '/etc/systemd/system/multi-user.target.wants/cordon-agent.service',
    '/usr/lib/systemd/user/cordon-agent.service',
    '/usr/lib/systemd/system/cordon-.service.d/other.conf',
    '/opt/cordon',
    '/var/opt/cordon/file',
    '/var/lib/dpkg/info/cordon-agent.prerm',
    '/etc/apt/preferences.d/cordon-agent',
  ]) {
    expect(isAgentFile(path), path).toBe(true);
  }
  for (const path of [
    '/etc/cordon/server.json',
    '/opt/cordon-demo/file',
    '/usr/lib/systemd/system/service.d/10-timeout-abort.conf',
    '/usr/bin/not-cordon-agent',
    '/srv/opt/cordon/file',
  ]) {
    expect(isAgentFile(path), path).toBe(false);
  }
});

it('follows links of the machine and of the change', () => {
  const refused = /the agent of Cordon/;
  expect(() => check([file('srv/vendor/cordon/file')], { '/srv/vendor': '/opt' })).toThrow(refused);
  expect(() => check([file('srv/a/b/cordon/file')], { '/srv/a': 'c', '/srv/c/b': '../../opt' })).toThrow(refused);
  expect(() => check([file('srv/vendor/cordon/file'), file('srv/vendor', '../opt')])).toThrow(refused);
  expect(() => check([file('usr/lib/systemd/system/other.service', 'cordon-agent.service')])).toThrow(refused);
  expect(() => check([file('etc/other.conf')], { '/etc/other.conf': 'cordon-agent/system.json' })).toThrow(refused);
  expect(() => check([file('srv/hard', '/etc/cordon-agent/system.json')])).toThrow(refused);
  expect(() => check([file('srv/vendor/cordon/file'), file('srv/vendor/', '../opt')])).toThrow(refused);
  expect(() => check([file('srv/a/cordon/file'), file('data/a', '/opt')], { '/data': 'srv' })).toThrow(refused);
  check([file('usr/bin/X11', '.'), file('lib/other'), file('srv/vendor/other')], { '/lib': 'usr/lib' });
});

it('refuses a path whose folder it cannot know', () => {
  expect(() => check([file('srv/../opt/other')])).toThrow(/contains srv\/\.\.\/opt\/other/);
  expect(() => check([file('srv/loop/file')], { '/srv/loop': 'loop/next' })).toThrow(/too many links/);
});

it('finds the agent among the names of relations', () => {
  expect(() => requireOtherClaims({ names: ['other', 'cordon-agent'], files: [] }, NO_LINK)).toThrow(/cordon-agent/);
});
