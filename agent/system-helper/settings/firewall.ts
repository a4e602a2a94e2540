/**
 * The setting `firewall.enabled`: a table of nftables that drops incoming connections. It has no rule for outgoing connections, so the
 * device always reaches its server. Rules of the machine's owner stay, and apply in addition.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isProgramMissing } from '../program-missing.ts';
import type { RunTool } from '../run-tool.ts';
import { contentOf, writeWhole } from './own-file.ts';
import { runNeeded, type SettingPart } from './setting-part.ts';

const TABLE = ['inet', 'cordon'] as const;
const WITHIN = 60_000;

/** `listing`: the table as nft printed it after the last load, in which a change of a rule is visible. */
const noteSchema = z.object({ listing: z.string() }).nullable().catch(null);

/** `folder`: folder of the helper. `openPorts`: TCP ports that stay open. */
export function firewallPart(run: RunTool, folder: string, openPorts: readonly number[]): SettingPart<true> {
  const file = join(folder, 'firewall.nft');

  /** Rules of the helper's table, as nft prints them. Null if the table does not exist, or if nft is not installed. */
  async function listing(): Promise<string | null> {
    try {
      const { code, out } = await run('nft', ['--stateless', 'list', 'table', ...TABLE], { within: WITHIN });
      return code === 0 ? out : null;
    } catch (error) {
      if (isProgramMissing(error)) return null;
      throw error;
    }
  }

  return {
    isVolatile: true,
    async isApplied(_, stored) {
      const note = noteSchema.parse(stored);
      return note !== null && contentOf(file) === rulesOf(openPorts) && (await listing()) === note.listing;
    },
    async apply(_, note) {
      writeWhole(file, rulesOf(openPorts));
      // nft makes all changes of a file in one transaction, or none.
      await runNeeded(run, 'nft', '--file', file);
      note.save({ listing: await listing() });
    },
    async revert() {
      if ((await listing()) !== null) await runNeeded(run, 'nft', 'delete', 'table', ...TABLE);
      rmSync(file, { force: true });
    },
  };
}

/** Rules in the language of nft(8). The second line exists because `delete` fails without a table. */
export const rulesOf = (openPorts: readonly number[]): string =>
  [
    'table inet cordon',
    'delete table inet cordon',
    'table inet cordon {',
    '  chain input {',
    '    type filter hook input priority filter; policy drop;',
    '    ct state established,related accept',
    '    iif lo accept',
    // Path MTU discovery, neighbor discovery and router advertisements need ICMP (RFC 4890).
    '    meta l4proto { icmp, ipv6-icmp } accept',
    '    udp sport 67 udp dport 68 accept',
    '    ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept',
    ...(openPorts.length === 0
      ? []
      : [`    tcp dport { ${[...new Set(openPorts)].sort((a, b) => a - b).join(', ')} } accept`]),
    '  }',
    '}',
    '',
  ].join('\n');
