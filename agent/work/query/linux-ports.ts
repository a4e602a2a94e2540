/** Ports on which the machine accepts connections or packets, from the socket tables of proc(5). */
import { readdir, readFile, readlink } from 'node:fs/promises';
import type { AnswerRow, LiveQuery } from '../../../shared/live-query/live-query.ts';
import type { Found } from './answer-query.ts';
import { userNames } from './user-names.ts';

const TABLES = ['tcp', 'tcp6', 'udp', 'udp6'] as const;
type Table = (typeof TABLES)[number];

/** State of a listening TCP socket, and of a UDP socket without a peer (`include/net/tcp_states.h`). */
const LISTENING: Readonly<Record<'tcp' | 'udp', string>> = { tcp: '0A', udp: '07' };
const UNKNOWN_PROCESSES = 'The agent may not see which processes of other users hold the ports.';

export interface OpenPort {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly uid: number;
  readonly inode: string;
}

export async function linuxPorts({ port }: Extract<LiveQuery, { kind: 'open-ports' }>): Promise<Found | null> {
  const tables = await Promise.all(
    TABLES.map(async (table) => ({ table, text: await readFile(`/proc/net/${table}`, 'utf8').catch(() => null) })),
  );
  if (tables.every(({ text }) => text === null)) return null;
  const open = tables
    .flatMap(({ table, text }) => (text === null ? [] : parseSockets(table, text)))
    .filter((each) => port === undefined || each.port === port);
  const [users, owners] = await Promise.all([userNames(), processesBySocket(new Set(open.map(({ inode }) => inode)))]);
  const rows = open
    .sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol) || a.address.localeCompare(b.address))
    .map(
      ({ protocol, address, port: number, uid, inode }): AnswerRow => [
        protocol,
        address,
        number,
        owners.get(inode) ?? null,
        users.get(uid) ?? String(uid),
      ],
    );
  return { rows, note: rows.some(([, , , process]) => process === null) ? UNKNOWN_PROCESSES : '' };
}

/** Listening sockets in a table such as /proc/net/tcp6. */
export function parseSockets(table: Table, text: string): OpenPort[] {
  const protocol = table.startsWith('tcp') ? 'tcp' : 'udp';
  return text
    .split('\n')
    .slice(1)
    .flatMap((line): OpenPort[] => {
      const [, local = '', , state, , , , uid, , inode = ''] = line.trim().split(/\s+/);
      const [address = '', port = ''] = local.split(':');
      if (state !== LISTENING[protocol] || !/^([0-9A-F]{8}|[0-9A-F]{32})$/.test(address)) return [];
      return [{ protocol, address: addressOf(address), port: Number.parseInt(port, 16), uid: Number(uid), inode }];
    });
}

/** Address from its hexadecimal form: words of 32 bits in the byte order of the machine, which is little-endian on all platforms of Node. */
export function addressOf(hex: string): string {
  const bytes = Buffer.concat((hex.match(/.{8}/g) ?? []).map((word) => Buffer.from(word, 'hex').reverse()));
  if (bytes.length === 4) return [...bytes].join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  // The URL parser writes an IPv6 address in its canonical form (RFC 5952).
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Names of the processes that hold the sockets. Processes of other users are absent unless the agent runs as root. */
async function processesBySocket(inodes: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const ids = (await readdir('/proc').catch(() => [])).filter((entry) => /^\d+$/.test(entry));
  for (const id of ids) {
    const links = await readdir(`/proc/${id}/fd`).catch(() => []);
    for (const link of links) {
      const target = await readlink(`/proc/${id}/fd/${link}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode === undefined || !inodes.has(inode) || found.has(inode)) continue;
      found.set(inode, (await readFile(`/proc/${id}/comm`, 'utf8').catch(() => id)).trim());
    }
  }
  return found;
}
