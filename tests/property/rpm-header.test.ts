/** Facts of RPM packages: from files of the real rpmbuild, and from hostile bytes, which never do more than a refusal. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ByteSource, readRpmFacts } from '../../server/packages/rpm-header.ts';
import { isCordonError } from '../../shared/errors.ts';
import { RpmMachine, rpmMachines } from '../support/rpm-machine.ts';

/** No read is longer than the index of a header may be. */
const LONGEST_READ = 0xffff * 16;

function sourceOf(bytes: Uint8Array): ByteSource & { readonly reads: number[] } {
  const reads: number[] = [];
  return {
    size: bytes.length,
    reads,
    async read(from, length) {
      reads.push(length);
      return Buffer.from(bytes.subarray(from, from + length));
    },
  };
}

/** Facts, or null for a refused file. Throws for another error, or for a read without a bound. */
async function factsIn(bytes: Uint8Array) {
  const source = sourceOf(bytes);
  try {
    return await readRpmFacts(source);
  } catch (error) {
    if (!isCordonError(error, 'invalid_input')) throw error;
    return null;
  } finally {
    expect(source.reads.length).toBeLessThan(20);
    expect(source.reads.every((length) => length >= 0 && length <= LONGEST_READ)).toBe(true);
  }
}

const uint32 = (value: number): number[] => [...Buffer.from(Uint32Array.of(value).buffer).reverse()];
const entry = (tag: number, type: number, offset: number, count = 1) => [tag, type, offset, count].flatMap(uint32);

/** Header with these entries and values, behind a lead and an empty signature. */
function packageWith(entries: readonly number[][], data: Uint8Array, size = data.length, count = entries.length) {
  const lead = Buffer.alloc(96);
  lead.set([0xed, 0xab, 0xee, 0xdb, 3]);
  const intro = (of: number, bytes: number) => [0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0, ...uint32(of), ...uint32(bytes)];
  return Buffer.concat([
    lead,
    Buffer.from(intro(0, 0)),
    Buffer.from(intro(count, size)),
    Buffer.from(entries.flat()),
    data,
  ]);
}

const TEXTS = Buffer.from('demo\x001.0\x001\0noarch\0demo.src.rpm\0');
const [NAME, VERSION, RELEASE, ARCH, SOURCE_RPM] = [
  entry(1000, 6, 0),
  entry(1001, 6, 5),
  entry(1002, 6, 9),
  entry(1022, 6, 11),
  entry(1044, 6, 18),
];
const GOOD = [NAME, VERSION, RELEASE, ARCH, SOURCE_RPM] as number[][];

describe('the header of an RPM package', () => {
  it('has the facts, with an epoch unless it is 0', async () => {
    const facts = { name: 'demo', version: '1.0-1', architecture: 'noarch' };
    expect(await factsIn(packageWith(GOOD, TEXTS))).toEqual(facts);
    const data = Buffer.concat([TEXTS, Buffer.from(uint32(7))]);
    const withEpoch = packageWith([...GOOD, entry(1003, 4, TEXTS.length)], data);
    expect(await factsIn(withEpoch)).toEqual({ ...facts, version: '7:1.0-1' });
  });

  it.each<[string, Buffer]>([
    ['an empty file', Buffer.alloc(0)],
    ['a lead alone', packageWith(GOOD, TEXTS).subarray(0, 96)],
    ['a name twice', packageWith([...GOOD, entry(1000, 6, 5)], TEXTS)],
    ['no architecture', packageWith([...GOOD.slice(0, 3), SOURCE_RPM ?? []], TEXTS)],
    ['no source package, as in a source package', packageWith(GOOD.slice(0, 4), TEXTS)],
    ['a name of another type', packageWith([entry(1000, 8, 0), ...GOOD.slice(1)], TEXTS)],
    ['a name with two values', packageWith([entry(1000, 6, 0, 2), ...GOOD.slice(1)], TEXTS)],
    ['a name behind the values', packageWith([entry(1000, 6, TEXTS.length), ...GOOD.slice(1)], TEXTS)],
    ['a name at the largest offset', packageWith([entry(1000, 6, 0xffffffff), ...GOOD.slice(1)], TEXTS)],
    ['a text without an end', packageWith(GOOD, Buffer.from(TEXTS.toString('latin1').replaceAll('\0', 'x')))],
    ['an epoch behind the values', packageWith([...GOOD, entry(1003, 4, TEXTS.length - 2)], TEXTS)],
    ['more values than bytes', packageWith(GOOD, TEXTS, 0xffffffff)],
    ['more entries than bytes', packageWith(GOOD, TEXTS, TEXTS.length, 0xffff)],
    ['too many entries', packageWith(GOOD, TEXTS, TEXTS.length, 0xffffffff)],
    ['an option as the name', packageWith(GOOD, Buffer.from('-mo\0\0'.concat(TEXTS.toString('latin1', 5))))],
    ['a path as the name', packageWith(GOOD, Buffer.from('/../'.concat(TEXTS.toString('latin1', 4))))],
  ])('is refused with %s', async (_, bytes) => expect(await factsIn(bytes)).toBeNull());

  it('of any bytes is refused or read, without another error', async () => {
    const hostile = fc.record({
      entries: fc.array(fc.tuple(fc.constantFrom(1000, 1001, 1002, 1003, 1022, 1044, 1106, 63), fc.nat(9), fc.nat(64))),
      data: fc.uint8Array({ maxLength: 64 }),
      cut: fc.nat(400),
    });
    await fc.assert(
      fc.asyncProperty(hostile, async ({ entries, data, cut }) => {
        const rows = entries.map(([tag, type, offset]) => entry(tag, type, offset));
        await factsIn(packageWith(rows, data).subarray(0, cut));
      }),
    );
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => void (await factsIn(bytes))));
  });
});

describe.skipIf(!rpmMachines.present)('a package of rpmbuild', () => {
  let machine: RpmMachine;
  beforeAll(() => {
    machine = new RpmMachine();
  });
  afterAll(() => machine?.remove());

  it('has the facts that rpm prints', async () => {
    const plain = readFileSync(machine.build('cordon-own', '1.0'));
    expect(await factsIn(plain)).toEqual({ name: 'cordon-own', version: '1.0-1', architecture: 'noarch' });
    const epoch = readFileSync(machine.build('cordon-own', '2.0~rc1', { epoch: 3 }));
    expect(await factsIn(epoch)).toMatchObject({ version: '3:2.0~rc1-1' });
    expect(await factsIn(readFileSync(machine.buildSource('cordon-own', '1.0')))).toBeNull();
  });

  it('with changed bytes is refused or read, without another error', async () => {
    const bytes = readFileSync(machine.build('cordon-own', '1.0'));
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(bytes.length), async (changed, length) => {
        const copy = Buffer.from(bytes);
        for (const [at, value] of changed) copy[at] = value;
        await factsIn(copy);
        await factsIn(copy.subarray(0, length));
      }),
    );
  });
});
