/** Required and forbidden software with the real package managers, each on a machine of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AptMachine, aptMachines } from '../../../tests/support/apt-machine.ts';
import { FlatpakMachine, flatpakMachines } from '../../../tests/support/flatpak-machine.ts';
import { changesOn } from '../../../tests/support/package-requests.ts';
import { packageRoots } from '../../../tests/support/package-root.ts';
import { RpmMachine, rpmMachines } from '../../../tests/support/rpm-machine.ts';
import { aptManager } from '../apt.ts';
import { dnfManager } from '../dnf.ts';
import { flatpakManager } from '../flatpak.ts';
import { openJournal } from '../journal.ts';
import type { PackageManagers } from '../machine-managers.ts';
import { toolRunner } from '../run-tool.ts';
import { forbiddenSoftwarePart, requiredSoftwarePart, type SoftwarePorts } from './software.ts';

const POLICY = { allow: ['cordon-*', 'org.cordon.*'], deny: ['cordon-secret'] };
const present = aptMachines.present && rpmMachines.present && flatpakMachines.present && packageRoots.present;

/** Both settings on a machine, each with the note of the helper and the sentences that it reports. */
function settingsOn(machine: { path(name: string): string }, managers: PackageManagers) {
  const changes = changesOn(machine, managers, POLICY);
  const ports: SoftwarePorts = {
    managers,
    changes,
    journal: openJournal(machine.path('changes')),
    log: () => undefined,
  };
  const told: string[] = [];
  const of = (part: ReturnType<typeof requiredSoftwarePart>) => {
    const note = {
      value: null as unknown,
      save(value: unknown) {
        note.value = JSON.parse(JSON.stringify(value));
      },
    };
    const tell = (sentence: string) => told.push(sentence);
    return {
      apply: (names: readonly string[]) => part.apply(names, note, tell),
      isApplied: (names: readonly string[]) => part.isApplied(names, note.value),
      revert: () => part.revert(note.value, tell),
      note,
    };
  };
  return {
    told,
    required: of(requiredSoftwarePart(ports)),
    forbidden: of(forbiddenSoftwarePart(ports)),
    /** The required software of a helper that ends before its first change. */
    interrupted: of(requiredSoftwarePart({ ...ports, changes: { make: () => Promise.reject(new Error('killed')) } })),
  };
}

describe.skipIf(!present)('software of policies', { timeout: 180_000 }, () => {
  let rpm: RpmMachine;
  let deb: AptMachine;
  let hub: FlatpakMachine;
  beforeAll(() => {
    rpm = new RpmMachine();
    deb = new AptMachine();
    hub = new FlatpakMachine();
    rpm.publish(['cordon-lib', '1.0'], ['cordon-demo', '1.9', { requires: 'cordon-lib' }], ['cordon-secret', '1.0']);
    rpm.publish(['cordon-old', '1.0'], ['cordon-needs-old', '1.0', { requires: 'cordon-old' }]);
    deb.publish('cordon-demo', '1.0');
    deb.publish('org.cordon.tool', '1.0');
    hub.addRemote('local');
    hub.publishRuntime('local', 'org.cordon.Platform', '1.0');
    for (const id of ['org.cordon.Maps', 'org.cordon.tool']) hub.publish('local', id, { runtime: '1.0' });
  }, 60_000);
  afterAll(() => {
    for (const machine of [rpm, deb, hub]) machine?.remove();
  });

  it('is installed, updated and removed with dnf, and stays as it is after the policy', async () => {
    const { required, forbidden, interrupted, told } = settingsOn(rpm, {
      apt: aptManager(rpm.run),
      dnf: dnfManager(rpm.run, rpm.options),
      flatpak: flatpakManager(rpm.run),
    });
    // A helper that ended between its note and the change continues the same change.
    await expect(interrupted.apply(['cordon-demo'])).rejects.toThrow('killed');
    required.note.value = interrupted.note.value;
    await required.apply(['cordon-demo']);
    expect(required.note.value).toEqual(interrupted.note.value);
    expect(['cordon-demo', 'cordon-lib'].map((name) => rpm.version(name))).toEqual(['1.9-1', '1.0-1']);
    expect(await required.isApplied(['cordon-demo'])).toBe(true);

    // The order of rpm: 1.10 is later than 1.9.
    expect(await required.isApplied(['cordon-demo>=1.10'])).toBe(false);
    await expect(required.apply(['cordon-demo>=1.10'])).rejects.toThrow(
      'dnf offers cordon-demo only in the version 1.9-1. The policy requires 1.10.',
    );
    rpm.publish(['cordon-demo', '1.10', { requires: 'cordon-lib' }]);
    await required.apply(['cordon-demo>=1.10']);
    expect(rpm.version('cordon-demo')).toBe('1.10-1');
    await expect(required.apply(['cordon-demo', 'cordon-secret', 'cordon-none'])).rejects.toMatchObject({
      code: 'not_permitted',
      message: expect.stringMatching(/protects cordon-secret.*do not offer cordon-none/),
    });

    await required.revert();
    expect(told).toEqual(['The device had installed cordon-demo, and does not remove this software.']);
    expect(rpm.version('cordon-demo')).toBe('1.10-1');

    await required.apply(['cordon-old', 'cordon-needs-old']);
    await expect(forbidden.apply(['cordon-old'])).rejects.toThrow(/would also remove cordon-needs-old/);
    await forbidden.apply(['cordon-old', 'cordon-needs-old', 'cordon-never-there']);
    expect(['cordon-old', 'cordon-needs-old'].map((name) => rpm.version(name))).toEqual([null, null]);
    told.length = 0;
    await forbidden.apply(['cordon-never-there', 'cordon-needs-old']);
    await forbidden.revert();
    expect(told).toEqual([
      'The device had removed cordon-old, and does not install this software again.',
      'The device had removed cordon-needs-old, and does not install this software again.',
    ]);
    expect(['cordon-old', 'cordon-needs-old'].map((name) => rpm.version(name))).toEqual([null, null]);
  });

  it('comes from apt before flatpak, and is forbidden in both', async () => {
    const { required, forbidden, told } = settingsOn(deb, {
      apt: aptManager(toolRunner(deb.env), deb.folder),
      dnf: dnfManager(rpm.run, rpm.options),
      flatpak: flatpakManager(hub.run),
    });
    const names = ['cordon-demo', 'org.cordon.tool', 'org.cordon.Maps'];
    await required.apply(names);
    expect(['cordon-demo', 'org.cordon.tool'].map((name) => deb.version(name))).toEqual(['1.0', '1.0']);
    expect(hub.refs()).toEqual(['org.cordon.Maps/stable', 'org.cordon.Platform/1.0']);
    expect(await required.isApplied(names)).toBe(true);
    await expect(required.apply(['org.cordon.Maps>=1.0'])).rejects.toThrow('flatpak has no order of versions.');
    // The order of dpkg: a release candidate is before its release.
    deb.publish('cordon-demo', '2.0~rc1');
    await expect(required.apply(['cordon-demo>=2.0'])).rejects.toThrow(
      'apt offers cordon-demo only in the version 2.0~rc1.',
    );
    deb.publish('cordon-demo', '2.0');
    await required.apply(['cordon-demo>=2.0']);
    expect(deb.version('cordon-demo')).toBe('2.0');

    hub.flatpak(['install', '--system', '--noninteractive', 'local', 'org.cordon.tool']);
    await forbidden.apply(['org.cordon.tool', 'org.cordon.Maps']);
    expect(deb.version('org.cordon.tool')).toBeNull();
    expect(hub.refs()).toEqual(['org.cordon.Platform/1.0']);
    expect(await forbidden.isApplied(['org.cordon.tool', 'org.cordon.Maps'])).toBe(true);
    await forbidden.revert();
    expect(told.at(-1)).toBe(
      'The device had removed org.cordon.tool, org.cordon.Maps, and does not install this software again.',
    );
    expect(hub.refs()).toEqual(['org.cordon.Platform/1.0']);
  });
});
