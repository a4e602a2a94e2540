/**
 * The mobile network of this machine's modem, read with ModemManager's client `mmcli -J`. A modem that is not registered in a network gives
 * no evidence.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const WITHIN = 10_000;

const listSchema = z.looseObject({
  'modem-list': z.array(z.string().startsWith('/org/freedesktop/ModemManager1/')).max(64),
});
const modemSchema = z.looseObject({
  modem: z.looseObject({
    '3gpp': z.looseObject({ 'operator-code': z.string(), 'registration-state': z.string() }).optional(),
  }),
});

/** Mobile country code (ITU E.212) of the modem's network; null if the modem is not registered in a network. */
export function networkIn(text: string): string | null {
  const { modem } = modemSchema.parse(JSON.parse(text));
  const { 'operator-code': code = '', 'registration-state': state = '' } = modem['3gpp'] ?? {};
  if (!/^(home|roaming)/.test(state)) return null;
  return /^\d{5,6}$/.test(code) ? code.slice(0, 3) : null;
}

const modemsIn = (text: string): readonly string[] => listSchema.parse(JSON.parse(text))['modem-list'];

/**
 * Mobile country code of the first registered modem; null if no modem is registered. Rejects with `ENOENT` if ModemManager is not
 * installed.
 */
export async function readModem(): Promise<string | null> {
  const mmcli = async (...args: string[]) =>
    (await run('mmcli', args, { timeout: WITHIN, maxBuffer: 256 * 1024 })).stdout;
  for (const modem of modemsIn(await mmcli('-L', '-J'))) {
    const network = networkIn(await mmcli('-m', modem, '-J'));
    if (network !== null) return network;
  }
  return null;
}
