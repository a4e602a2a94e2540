/** Service for other mail programs over a device of `mail-world.ts`. */
import { join } from 'node:path';
import { type MailPrograms, openMailPrograms } from '../../agent/mail-programs/mail-programs.ts';
import { openMaildir } from '../../agent/mail-programs/maildir.ts';
import { gateOf, type MailDevice } from './mail-world.ts';

export interface OpenedPrograms {
  readonly service: MailPrograms;
  readonly maildir: string;
  /** Sets the permission in the device record. */
  allow(allowed: boolean): void;
}

export function openProgramsOf(device: MailDevice): OpenedPrograms {
  const maildir = openMaildir(join(device.folder, 'Maildir'));
  const listeners = new Set<() => void>();
  let mailPrograms = false;
  const service = openMailPrograms({
    agent: {
      mailPrograms: () => mailPrograms,
      gate: () => gateOf(device.gate),
      mail: device.mail,
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    workspace: device.workspace.state,
    maildir,
    files: { settings: join(device.folder, 'programs.json'), passwords: join(device.folder, 'programs.passwd') },
    onFailure: (what, error) => console.error(what, error),
  });
  return {
    service,
    maildir: maildir.path,
    allow(allowed) {
      mailPrograms = allowed;
      for (const listener of listeners) listener();
    },
  };
}
