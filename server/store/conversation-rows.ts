/**
 * Rows of conversations: members and next epoch (version of the keys). The delivery service uses them to accept or refuse a commit (RFC
 * 9420).
 */
import { sql } from 'kysely';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Conversation } from '../relay/conversations.ts';
import type { Enrollment, Post } from '../relay/ports.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Tx } from './database.ts';

export async function loadConversations(tx: Tx, ids: readonly string[]): Promise<Map<string, Conversation>> {
  if (ids.length === 0) return new Map();
  const requested = tableOf(
    ['text'],
    [...new Set(ids)].map((id) => [id]),
  );
  const { rows } = await sql<{
    conversation: string;
    next_epoch: number;
    device_id: string | null;
    generation: number | null;
  }>`
    select c.conversation, c.next_epoch, m.device_id, m.generation
    from ${requested} as v cross join conversations c left join conversation_members m on m.conversation = c.conversation
    where c.conversation = v.column1`.execute(tx);
  const found = new Map<string, { next: number; members: Map<DeviceId, number> }>();
  for (const { conversation, next_epoch: next, device_id, generation } of rows) {
    const known = found.get(conversation) ?? { next, members: new Map() };
    if (device_id !== null && generation !== null) known.members.set(deviceIdSchema.parse(device_id), generation);
    found.set(conversation, known);
  }
  return found;
}

export async function countBegun(
  tx: Tx,
  enrollments: readonly Enrollment[],
): Promise<(Enrollment & { readonly count: number })[]> {
  if (enrollments.length === 0) return [];
  const requested = tableOf(
    ['text', 'bigint'],
    enrollments.map(({ device, generation }) => [device, generation]),
  );
  const { rows } = await sql<{ device_id: string; generation: number; count: number }>`
    select c.started_by as device_id, c.started_generation as generation, count(*) as count
    from (select distinct column1, column2 from ${requested} as v) as w cross join conversations c
    where c.started_by = w.column1 and c.started_generation = w.column2
    group by c.started_by, c.started_generation`.execute(tx);
  return rows.map(({ device_id, generation, count }) => ({
    device: deviceIdSchema.parse(device_id),
    generation,
    count: Number(count),
  }));
}

export async function saveCommits(
  tx: Tx,
  commits: readonly {
    readonly sender: Enrollment;
    readonly commit: NonNullable<Post['commit']>;
    readonly at: number;
  }[],
): Promise<void> {
  for (const { sender, commit, at } of commits) {
    const { conversation, epoch, add, remove } = commit;
    if (epoch === 0) {
      await insertOf('conversations', CONVERSATIONS, [[conversation, 1, sender.device, sender.generation, at]]).execute(
        tx,
      );
    } else {
      await sql`update conversations set next_epoch = ${epoch + 1}, at = ${at}
        where conversation = ${conversation}`.execute(tx);
    }
    const members = new Map(epoch === 0 ? [[sender.device, sender.generation]] : []);
    for (const { device, generation } of add) members.set(device, generation);
    const replaced = [...new Set<string>([...remove, ...members.keys()])];
    if (replaced.length > 0) {
      const removed = tableOf(
        ['text'],
        replaced.map((device) => [device]),
      );
      await sql`delete from conversation_members
        where conversation = ${conversation} and device_id in (select column1 from ${removed} as v)`.execute(tx);
    }
    if (epoch === 0) for (const device of remove) if (!add.some((one) => one.device === device)) members.delete(device);
    const rows = [...members].map(([device, generation]) => [conversation, device, generation]);
    if (rows.length > 0) await insertOf('conversation_members', MEMBERS, rows).execute(tx);
  }
}

const CONVERSATIONS = {
  conversation: 'text',
  next_epoch: 'bigint',
  started_by: 'text',
  started_generation: 'bigint',
  at: 'bigint',
} as const;
const MEMBERS = { conversation: 'text', device_id: 'text', generation: 'bigint' } as const;
