/** The setting `time.synchronized`: switches the NTP service of the machine on. */
import { z } from 'zod';
import type { RunTool } from '../run-tool.ts';
import { runNeeded, type SettingPart } from './setting-part.ts';

/** `before`: state of the NTP service before the helper's first change. */
const noteSchema = z.object({ before: z.enum(['on', 'off']) }).nullable();

export function timePart(run: RunTool): SettingPart<true> {
  const isOn = async () => (await runNeeded(run, 'timedatectl', 'show', '--property=NTP', '--value')).trim() === 'yes';
  return {
    isApplied: isOn,
    async apply(_, note) {
      if (noteSchema.parse(note.value) === null) note.save({ before: (await isOn()) ? 'on' : 'off' });
      await runNeeded(run, 'timedatectl', 'set-ntp', 'true');
    },
    async revert(stored) {
      if (noteSchema.parse(stored)?.before === 'off') await runNeeded(run, 'timedatectl', 'set-ntp', 'false');
    },
  };
}
