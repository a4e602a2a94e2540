/** Frames of `cordon.v1`: parsing returns the written frame, and accepts only fields that the schema names. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortedEntries } from '../../agent/inventory/collect.ts';
import { differenceOf } from '../../agent/inventory/difference.ts';
import { MOST_ADAPTERS, MOST_CERTIFICATES, MOST_DISKS, MOST_USERS } from '../../shared/inventory/inventory.ts';
import type { InventoryState } from '../../shared/inventory/report.ts';
import { MOST_ENTRIES, type SoftwareEntry } from '../../shared/inventory/software.ts';
import {
  commandSchema,
  type DeviceFrame,
  deviceFrameSchema,
  LARGEST_SEALED,
  MAX_FRAME_FROM_DEVICE,
  MOST_RECIPIENTS,
  type ServerFrame,
  serverFrameSchema,
} from '../../shared/protocol/frames.ts';
import { newLostModeId } from '../../shared/protocol/ids.ts';
import { testSystem } from '../support/inventory-state.ts';
import { device, fromDevice, fromServer } from './frame-arbitraries.ts';

const sides = [
  { side: 'the server', frames: fromServer, schema: serverFrameSchema, other: deviceFrameSchema },
  { side: 'a device', frames: fromDevice, schema: deviceFrameSchema, other: serverFrameSchema },
];

/** The JSON value itself, if it is an object, and every object inside it. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (value === null || typeof value !== 'object') return [];
  const inside = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inside : [Object.assign(value), ...inside];
}

describe.each(sides)('a frame from $side', ({ frames, schema, other }) => {
  const kinds = Object.entries<fc.Arbitrary<ServerFrame | DeviceFrame>>(frames);

  it.each(kinds)('%s is parsed exactly as it was written', (_kind, frame) => {
    fc.assert(
      fc.property(frame, (written) => {
        const bytes = Buffer.from(JSON.stringify(written));
        expect(schema.parse(JSON.parse(bytes.toString('utf8')))).toEqual(written);
        // Writing the parsed frame again gives the same length: parsing adds and removes nothing.
        expect(Buffer.from(JSON.stringify(schema.parse(written))).length).toBe(bytes.length);
      }),
    );
  });

  it.each(kinds)('case 27: %s with an additional or a missing field is refused', (_kind, frame) => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.string({ minLength: 1 }), (written, where, name) => {
        const read = () => objectsIn(JSON.parse(JSON.stringify(written)));
        const [more, less] = [read(), read()];
        const target = more[where % more.length];
        if (target && !(name in target)) {
          target[name] = 1;
          expect(schema.safeParse(more[0]).success).toBe(false);
        }
        const fields = Object.keys(less[0] ?? {});
        delete less[0]?.[fields[where % fields.length] ?? ''];
        expect(schema.safeParse(less[0]).success).toBe(false);
      }),
    );
  });

  it('with an unknown kind, or a kind of the other side, is refused', () => {
    for (const [kind, frame] of kinds) {
      const [written] = fc.sample(frame, 1);
      expect(schema.safeParse({ ...written, kind: `${kind}2` }).success).toBe(false);
      expect(other.safeParse(written).success).toBe(false);
    }
  });

  it('with any flipped bit is refused, or is parsed as another valid frame', () => {
    const any = fc.oneof(...kinds.map(([, frame]) => frame));
    fc.assert(
      fc.property(any, fc.nat(), (written, at) => {
        const bytes = Buffer.from(JSON.stringify(written));
        const bit = at % (bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        let value: unknown;
        try {
          value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
        } catch (error) {
          // The changed bytes are not valid JSON or UTF-8.
          expect(error).toBeInstanceOf(error instanceof SyntaxError ? SyntaxError : TypeError);
          return;
        }
        const read = schema.safeParse(value);
        if (read.success) expect(read.data).toEqual(value);
      }),
      { numRuns: 1000 },
    );
  });
});

it('the largest inventory fits into frames, and the last report completes it', () => {
  const long = (length: number) => '\u{1d306}'.repeat(length / 2);
  const many = <T>(count: number, make: (index: number) => T) =>
    Array.from({ length: count }, (_, index) => make(index));
  const software = many(MOST_ENTRIES, (index): SoftwareEntry => ['windows', `${index} ${long(100)}`, long(128), '']);
  const state: InventoryState = {
    sections: {
      system: { ...testSystem(long(254)), agent: long(64) },
      disks: many(MOST_DISKS, () => ({ name: long(128), size: Number.MAX_SAFE_INTEGER, encrypted: false })),
      users: many(MOST_USERS, () => ({ name: long(64), admin: false })),
      network: many(MOST_ADAPTERS, () => ({ name: long(64), mac: long(32), addresses: ['2001:db8::1'] })),
      certificates: many(MOST_CERTIFICATES, () => ({
        subject: long(200),
        issuer: long(200),
        notAfter: Number.MAX_SAFE_INTEGER,
        sha256: 'a'.repeat(64),
        use: 'trust' as const,
      })),
    },
    missing: {},
    software: sortedEntries(software),
  };
  let base: InventoryState | null = null;
  let reports = 0;
  for (let next = differenceOf(base, state, 1); next; next = differenceOf(base, state, 1)) {
    const frame: DeviceFrame = {
      kind: 'report',
      seq: Number.MAX_SAFE_INTEGER,
      item: { type: 'inventory', report: next.report },
    };
    if (reports === 0) expect(deviceFrameSchema.parse(frame)).toEqual(frame);
    expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThan(MAX_FRAME_FROM_DEVICE);
    base = next.after;
    reports += 1;
  }
  expect(reports).toBeGreaterThan(50);
  expect(base).toEqual(state);
});

it('a text with a space at its end is refused, so that no reader changes a frame', () => {
  const mode = { id: newLostModeId(), reason: 'Left in a train', contact: 'Call us', startedAt: 1, until: 2 };
  const lost = (more: object) => serverFrameSchema.safeParse({ kind: 'lost-mode', mode: { ...mode, ...more } }).success;
  expect([lost({}), lost({ reason: 'Left ' }), lost({ contact: ' Call' })]).toEqual([true, false, false]);
  const fetch = (reason: string) => commandSchema.safeParse({ kind: 'fetch-file', name: 'a', reason }).success;
  expect([fetch('Audit'), fetch('Audit ')]).toEqual([true, false]);
});

it('the largest post to the maximum number of devices fits into a frame, and a larger post is refused', () => {
  const to = fc.sample(device, MOST_RECIPIENTS);
  const post = (bytes: number): DeviceFrame => ({
    kind: 'post',
    id: '00000000-0000-4000-8000-000000000000',
    to,
    keep: true,
    commit: {
      conversation: Buffer.alloc(16, 255).toString('base64url'),
      epoch: Number.MAX_SAFE_INTEGER,
      add: to.map((one) => ({ device: one, generation: 1_000_000 })),
      remove: to,
    },
    expires: Number.MAX_SAFE_INTEGER,
    body: Buffer.alloc(bytes, 255).toString('base64'),
  });
  const largest = post(LARGEST_SEALED);
  expect(deviceFrameSchema.parse(largest)).toEqual(largest);
  expect(Buffer.byteLength(JSON.stringify(largest))).toBeLessThan(MAX_FRAME_FROM_DEVICE);
  expect(deviceFrameSchema.safeParse(post(LARGEST_SEALED + 3)).success).toBe(false);
});
