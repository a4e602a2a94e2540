/** Location changes in a pack. An operator changes, omits or invents them, and signs the manifest again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { openNewStore } from '../../tests/support/new-store.ts';
import { type Files, resign, unpack } from '../../tests/support/pack-files.ts';
import { changeLocation, liveThrough, ORDER, openPackWorld, type PackWorld } from '../../tests/support/pack-world.ts';
import { parseHomeArea } from '../areas/area-code.ts';
import { encodeCanonical } from '../order/canonical.ts';
import { newAccountId } from '../protocol/ids.ts';
import { ENTRIES, LOCATIONS, MANIFEST, PACK_TYPE, PACK_TYPE_WITH_LOCATIONS, packTypeOf, SUMMARY } from './format.ts';
import type { PackedLocation } from './location-records.ts';
import { verifyPack } from './verify-pack.ts';
import { readZip } from './zip.ts';

type Change = (files: Files) => void;

const folder = mkdtempSync(join(tmpdir(), 'cordon-location-packs-'));
const { authority, remove } = testAuthority();
let database: Database;
let made: PackWorld;
let before: Buffer;
let pack: Buffer;

beforeAll(async () => {
  database = await openNewStore(join(folder, 'cordon.db'));
  made = await openPackWorld(database, authority);
  await liveThrough(made);
  before = await made.pack(ORDER);
  const confirmedBy = newAccountId();
  const until = made.world.clock.now() + 86_400_000;
  const areas = [parseHomeArea('DE')];
  const statement = { kind: 'presence', areas, reason: 'called in', until, by: newAccountId(), confirmedBy } as const;
  await changeLocation(database, made, { statement }, { confirmedBy });
  await changeLocation(database, made, { home: parseHomeArea('SE') }, { confirmedBy });
  pack = await made.pack(ORDER);
}, 60_000);
afterAll(async () => {
  await made.stop();
  await database.close();
  remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Pack with a new manifest and signature, which the operator can make. */
function resigned(change: Change, type?: string): Buffer {
  const files = unpack(pack);
  change(files);
  return resign(files, made.world.online, type ?? packTypeOf([...files.keys()]));
}

function records(files: Files): PackedLocation[] {
  return JSON.parse(String(files.get(LOCATIONS)));
}

function put(files: Files, written: readonly object[]): void {
  files.set(LOCATIONS, Buffer.from(encodeCanonical(written)));
}

function changed(change: object): Change {
  return (files) => {
    const [first, ...rest] = records(files);
    put(files, [{ ...first, ...change }, ...rest]);
  };
}

async function failures(zip: Buffer): Promise<string[]> {
  const { findings, valid } = await verifyPack(zip, made.fingerprint());
  const failed = findings.flatMap(({ verdict, words }) => (verdict === 'failed' ? [words] : []));
  expect(valid).toBe(failed.length === 0);
  return failed;
}

const typeOf = (zip: Buffer): string =>
  JSON.parse(String(Buffer.from(readZip(zip).files.find(({ name }) => name === MANIFEST)?.bytes ?? []))).payloadType;

it('an unchanged pack is valid, and so is a pack of the first type without location changes', async () => {
  expect([typeOf(pack), await failures(pack)]).toEqual([PACK_TYPE_WITH_LOCATIONS, []]);
  expect([typeOf(before), await failures(before)]).toEqual([PACK_TYPE, []]);
  expect(readZip(before).files.some(({ name }) => name === LOCATIONS)).toBe(false);
  expect(await failures(resigned(() => undefined))).toEqual([]);
});

const MISSING = /^locations\.json: the location change of ledger entry \d+ is missing, or has another content\.$/;
const NO_ENTRY =
  /^locations\.json: the ledger has no entry about the location change of device-\w+ at .* with this content\.$/;

const CASES: readonly (readonly [string, Change, readonly RegExp[]])[] = [
  [
    'entries the file out',
    (files) => {
      files.delete(LOCATIONS);
    },
    [MISSING, MISSING],
  ],
  ['entries a statement out', (files) => put(files, records(files).slice(1)), [MISSING]],
  ['states another area', changed({ areas: ['KE'] }), [NO_ENTRY, MISSING]],
  ['states another end', changed({ until: '2099-01-01T00:00:00.000Z' }), [NO_ENTRY, MISSING]],
  ['invents a second person', changed({ confirmedBy: newAccountId() }), [NO_ENTRY, MISSING]],
  ['names another admin', changed({ by: newAccountId() }), [NO_ENTRY, MISSING]],
  ['takes the second person away', changed({ confirmedBy: null }), [NO_ENTRY, MISSING]],
  [
    'adds a statement',
    (files) => put(files, [...records(files), { ...records(files)[0], salt: 'a'.repeat(64) }]),
    [NO_ENTRY],
  ],
  ['writes a statement twice', (files) => put(files, [...records(files), records(files)[0] ?? {}]), [/twice/]],
  ['writes no record', (files) => put(files, [{ device: 'x' }]), [/locations\.json/]],
  [
    'calls the device something else',
    changed({ device: 'device-aaaaaaaaaa' }),
    [/^summary\.html contradicts the documents/],
  ],
  [
    'changes the summary',
    (files) => {
      const page = String(files.get(SUMMARY)).replace('stated location DE', 'stated location SE');
      files.set(SUMMARY, Buffer.from(page));
    },
    [/^summary\.html contradicts the documents under “Location changes by admins”/],
  ],
];

describe('changes by the operator', () => {
  it.each(CASES)('%s', async (_what, change, expected) => {
    const failed = await failures(resigned(change));
    expect(failed).toEqual(expected.map((words) => expect.stringMatching(words)));
  });

  it.each([
    ['of the first type, with location changes', false, PACK_TYPE],
    ['of the third type, without', true, PACK_TYPE_WITH_LOCATIONS],
  ] as const)('signs a manifest %s', async (_what, without, type) => {
    const zip = resigned((files) => {
      if (without) files.delete(LOCATIONS);
    }, type);
    expect(await failures(zip)).toEqual([
      expect.stringMatching(/^manifest\.json has another version than the files of the pack/),
    ]);
  });

  it('also omits the ledger entry, which only a ledger copy shows', async () => {
    const both = (files: Files) => {
      const entries: { body: string }[] = JSON.parse(String(files.get(ENTRIES)));
      const rest = entries.filter(({ body }) => !body.includes('location.stated'));
      files.set(ENTRIES, Buffer.from(encodeCanonical(rest)));
      files.delete(LOCATIONS);
    };
    const failed = await failures(resigned(both));
    expect(failed.filter((words) => !words.startsWith('summary.html'))).toEqual([]);
  });
});
