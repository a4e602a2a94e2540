/** Inventory of the machine, from the package systeminformation. Unknown values are null. */
import { arch, hostname, platform } from 'node:os';
import si from 'systeminformation';
import type { Inventory } from '../../shared/protocol/frames.ts';
import { AGENT_VERSION } from '../version.ts';

const NOTHING =
  /^(|-|none|n\/a|null|unknown|not specified|default string|to be filled by o\.e\.m\.|system (serial number|product name|manufacturer))$/i;

export function known(value: string | null | undefined, longest = 128): string | null {
  const text = value?.trim() ?? '';
  return NOTHING.test(text) ? null : text.slice(0, longest);
}

const positive = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;

export async function collectInventory(): Promise<Inventory> {
  const [system, os, cpu, memory, blocks, interfaces] = await Promise.all([
    si.system(),
    si.osInfo(),
    si.cpu(),
    si.mem(),
    si.blockDevices(),
    si.networkInterfaces(),
  ]);
  const network = Array.isArray(interfaces) ? interfaces : [interfaces];
  return {
    at: Date.now(),
    agent: AGENT_VERSION,
    hostname: known(hostname(), 255),
    os: {
      platform: platform(),
      distro: known(os.distro),
      release: known(os.release),
      kernel: known(os.kernel),
      arch: arch(),
    },
    hardware: {
      manufacturer: known(system.manufacturer),
      model: known(system.model),
      serial: known(system.serial),
      uuid: known(system.uuid, 64),
      cpu: known(`${cpu.manufacturer} ${cpu.brand}`),
      cores: positive(cpu.cores),
      memory: positive(memory.total),
    },
    disks: blocks
      .filter((block) => block.type === 'disk')
      .slice(0, 64)
      .map((block) => ({
        name: block.name.slice(0, 128),
        size: positive(block.size),
        // A LUKS layer proves disk encryption. A missing LUKS layer proves nothing.
        encrypted: blocks.some((each) => each.fsType === 'crypto_LUKS' && each.name.startsWith(block.name))
          ? true
          : null,
      })),
    network: network
      .filter((each) => !each.internal)
      .slice(0, 64)
      .map((each) => ({ name: each.iface.slice(0, 64), mac: known(each.mac, 32) })),
  };
}
