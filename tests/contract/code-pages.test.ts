/** Pages of activation codes on both databases: sequence, size and filters. */
import { expect, it } from 'vitest';
import type { Scope } from '../../server/devices/scope.ts';
import { type CodePage, pageOfCodes } from '../../server/enrollment/code-pages.ts';
import type { CodeState } from '../../server/enrollment/ports.ts';
import { CodeStore } from '../../server/store/code-store.ts';
import type { Database } from '../../server/store/database.ts';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { type GroupId, newDeviceId } from '../../shared/protocol/ids.ts';
import { addCodeRows, type CodeRowDraft } from '../support/code-rows.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addPerson } from '../support/persons.ts';
import { describeOnEveryStore } from './every-store.ts';

const NOW = 1_447_200_000_000;
const HOUR = 3_600_000;

describeOnEveryStore('pages of activation codes', (open) => {
  it('lists two open codes before 200 used ones, 50 per page, each once', async () => {
    const database = await open();
    const made = await codesOf(database, await addGroup(database, 'Karachi', 'PK' as HomeArea));
    const pages = await allPages(database, { limit: 50 });
    expect(pages.map(({ codes }) => codes.length)).toEqual([50, 50, 50, 50, 4]);
    const listed = pages.flatMap(({ codes }) => codes.map(({ id }) => id));
    expect(listed).toEqual([...made.open, ...made.closed]);
  });

  it('lists the codes in one state', async () => {
    const database = await open();
    const made = await codesOf(database, await addGroup(database, 'Karachi', 'PK' as HomeArea));
    const count = async (state: CodeState) => {
      const pages = await allPages(database, { limit: 200, state });
      expect(new Set(pages.flatMap(({ codes }) => codes.map((code) => code.state)))).toEqual(new Set([state]));
      return pages.flatMap(({ codes }) => codes).length;
    };
    expect(await count('open')).toBe(made.open.length);
    expect(await count('used')).toBe(200);
    expect(await count('expired')).toBe(1);
    expect(await count('canceled')).toBe(1);
  });

  it('fills each page with codes that the admin may see', async () => {
    const database = await open();
    const karachi = await addGroup(database, 'Karachi', 'PK' as HomeArea);
    await codesOf(database, await addGroup(database, 'Lyon', 'FR' as HomeArea));
    const made = await codesOf(database, karachi);
    const seen = async (scope: Scope) =>
      (await allPages(database, { limit: 100, scope })).map(({ codes }) => codes.map(({ id }) => id));
    const theirs = [...made.open, ...made.closed];
    const expected = [theirs.slice(0, 100), theirs.slice(100, 200), theirs.slice(200)];
    expect(await seen([{ group: karachi, homes: null }])).toEqual(expected);
    expect(await seen([{ group: null, homes: ['PK' as HomeArea] }])).toEqual(expected);
    expect(await seen([{ group: karachi, homes: ['FR' as HomeArea] }])).toEqual([[]]);
    expect(await seen([])).toEqual([[]]);
  });

  it('refuses the cursor of another list', async () => {
    const store = new CodeStore(await open());
    const asked = pageOfCodes(store, { state: null, scope: null, cursor: '12 hld_a', limit: 1 }, NOW);
    await expect(asked).rejects.toMatchObject({ code: 'invalid_input' });
  });
});

async function allPages(
  database: Database,
  { limit, state = null, scope = null }: { limit: number; state?: CodeState | null; scope?: Scope },
): Promise<CodePage[]> {
  const store = new CodeStore(database);
  const pages: CodePage[] = [];
  let cursor: string | null = null;
  do {
    const page: CodePage = await pageOfCodes(store, { state, scope, cursor, limit }, NOW);
    pages.push(page);
    cursor = page.cursor;
  } while (cursor !== null);
  return pages;
}

/**
 * Two open codes that are older than most others, then 200 used codes, an expired one and a canceled one. Ids in the sequence of the list.
 */
async function codesOf(database: Database, group: GroupId) {
  const person = await database.transaction((tx) => addPerson(tx, 'Amina', group));
  const draft = (hoursAgo: number, more: Pick<CodeRowDraft, 'expiresAt' | 'usedAt' | 'canceledAt'>): CodeRowDraft => ({
    id: newDeviceId(),
    person,
    group,
    createdAt: NOW - hoursAgo * HOUR,
    ...more,
  });
  const open = [300, 301].map((ago) => draft(ago, { expiresAt: NOW + HOUR }));
  const used = Array.from({ length: 200 }, (_, ago) => draft(ago, { usedAt: NOW - ago * HOUR, expiresAt: NOW }));
  const closed = [
    ...used,
    draft(400, { expiresAt: NOW }),
    draft(401, { expiresAt: NOW + HOUR, canceledAt: NOW - HOUR }),
  ];
  await addCodeRows(database, [...closed, ...open]);
  const ids = (drafts: readonly CodeRowDraft[]) => drafts.map(({ id }) => id);
  return { open: ids(open), closed: ids(closed) };
}
