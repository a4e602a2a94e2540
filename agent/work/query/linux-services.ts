/** Services of systemd, from `systemctl`. */
import { z } from 'zod';
import type { LiveQuery } from '../../../shared/live-query/live-query.ts';
import { type RunProgram, runUntranslated } from '../../inventory/run-program.ts';
import type { Found } from './answer-query.ts';

const units = z.array(
  z.object({ unit: z.string(), active: z.string(), sub: z.string(), description: z.string().nullish() }),
);

/** Services of the machine; null without systemd. */
export async function linuxServices(
  { name, failed }: Extract<LiveQuery, { kind: 'services' }>,
  run: RunProgram = runUntranslated,
): Promise<Found | null> {
  const args = ['list-units', '--type=service', '--all', '--output=json', '--no-pager'];
  const output = await run('systemctl', args, { within: 20_000, most: 4 * 1024 * 1024 });
  if (output === null) return null;
  const rows = units
    .parse(JSON.parse(output))
    .filter(({ unit, active }) => {
      const isNamed = name === undefined || unit.toLowerCase().includes(name.toLowerCase());
      return isNamed && (!failed || active === 'failed');
    })
    .map(({ unit, active, sub, description = null }) => [unit, active, sub, description ?? null]);
  return { rows };
}
