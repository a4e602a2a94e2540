/** Groups and polygons of one's own: every version is kept, and an order holds what it means by them. */
import { afterEach, expect, it } from 'vitest';
import type { AreaEditor } from '../../server/jurisdiction/named-areas.ts';
import type { ActInput } from '../../server/orders/proposals.ts';
import type { Database } from '../../server/store/database.ts';
import { areasOfPosition } from '../../shared/areas/position.ts';
import { CordonError } from '../../shared/errors.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { revisionSchema } from '../../shared/order/documents.ts';
import { placesReached } from '../../shared/order/order-areas.ts';
import { compileRule } from '../../shared/order/rules.ts';
import { newAccountId } from '../../shared/protocol/ids.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { describeOnEveryStore } from './every-store.ts';

/** Their roles reach all areas. */
const everywhere = (): AreaEditor => ({ account: newAccountId(), requireAreas: () => undefined });
const [MAKER, ANOTHER] = [everywhere(), everywhere()];
const outline = (west: number, south: number, size: number) =>
  JSON.stringify({
    type: 'Polygon',
    coordinates: [
      [
        [west, south],
        [west + size, south],
        [west + size, south + size],
        [west, south + size],
        [west, south],
      ],
    ],
  });

describeOnEveryStore('areas of one’s own', (openStore) => {
  let world: OrderWorld;
  let database: Database;
  afterEach(async () => world.stop());

  async function open(): Promise<void> {
    database = await openStore();
    world = await openOrderWorld(database);
    const { ada, ben, cyd } = world.people;
    await world.root([ada, ben, cyd], [ada, ben]);
  }
  const termsOf = async (order: string, revision: number) =>
    parseDocument(revisionSchema, Buffer.from((await world.orders.revision(order, revision)).payload));

  it('keeps every version and shows the newest', async () => {
    await open();
    const { areas, clock } = world;
    const first = await areas.defineGroup('sales', 'Sales', ['PK', 'UN-143', 'US-CA'], MAKER);
    expect(first).toEqual({
      code: 'XG-sales',
      version: 1,
      title: 'Sales',
      members: ['KG', 'KZ', 'PK', 'TJ', 'TM', 'US-CA', 'UZ'],
      polygon: null,
      madeAt: clock.now(),
      madeBy: MAKER.account,
    });
    const began = clock.now();
    clock.jump(began + 1_000);
    await areas.defineGroup('sales', 'Sales and service', ['PK'], ANOTHER);
    const lahore = await areas.importPolygon('lahore', 'Lahore', outline(74.2, 31.4, 0.25), MAKER);
    expect(lahore).toMatchObject({ code: 'XZ-lahore', version: 1, members: null, polygon: { touches: ['PK'] } });
    expect((await areas.namedAreas()).map(({ code, version, title }) => [code, version, title])).toEqual([
      ['XG-sales', 2, 'Sales and service'],
      ['XZ-lahore', 1, 'Lahore'],
    ]);
    const [sales] = await areas.namedAreas();
    expect(sales).toMatchObject({ version: 2, madeBy: ANOTHER.account, madeAt: began + 1_000 });
    expect(sales?.earlier).toEqual([{ version: 1, title: 'Sales', madeBy: MAKER.account, madeAt: began }]);
    expect((await areas.namedAreas())[1]).toEqual({ ...lahore, earlier: [] });
  });

  it('refuses what no order could hold', async () => {
    await open();
    const { areas } = world;
    await expect(areas.defineGroup('sales', 'Sales', ['XZ-lahore'], MAKER)).rejects.toMatchObject({
      code: 'unknown_area',
    });
    await expect(areas.defineGroup('Sales', 'Sales', ['PK'], MAKER)).rejects.toMatchObject({ code: 'unknown_area' });
    await expect(areas.importPolygon('sea', 'Sea', outline(-20, -20, 1), MAKER)).rejects.toThrow(/lies in no country/);
    await expect(areas.importPolygon('world', 'All', outline(-20, -60, 130), MAKER)).rejects.toThrow(
      /and 64 is the most/,
    );
    await expect(areas.importPolygon('x', 'X', '{}', MAKER)).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await areas.namedAreas()).toEqual([]);
  });

  it('writes into an order what its areas mean, and changes nothing of it when they mean something else', async () => {
    await open();
    const { areas, orders, people } = world;
    await areas.defineGroup('sales', 'Sales', ['PK', 'AE'], MAKER);
    await areas.importPolygon('lahore', 'Lahore', outline(74.2, 31.4, 0.25), MAKER);
    const named = { ...PROPOSAL, areas: ['XG-sales', 'XZ-lahore', 'UN-143', 'FR'] };
    const { order } = await orders.propose(people.proposer.id, named);
    const document = await termsOf(order, 1);
    const { terms } = document;
    expect(terms.areas).toEqual(['FR', 'UN-143', 'XG-sales', 'XZ-lahore']);
    expect(terms.groups).toEqual({ 'UN-143': ['KG', 'KZ', 'TJ', 'TM', 'UZ'], 'XG-sales': ['AE', 'PK'] });
    expect(terms.polygons?.['XZ-lahore']).toMatchObject({ version: 1, title: 'Lahore', touches: ['PK'] });
    expect(placesReached(terms).sort()).toEqual(['AE', 'FR', 'KG', 'KZ', 'PK', 'TJ', 'TM', 'UZ']);
    const { polygons, ...rule } = compileRule({ revision: document, lasting: false });
    expect([...rule.areas].sort()).toEqual(['AE', 'FR', 'KG', 'KZ', 'PK', 'TJ', 'TM', 'UZ']);
    const spot = { latitude: 31.55, longitude: 74.34, accuracy: 100 };
    expect(areasOfPosition(spot, polygons)).toEqual({ areas: ['PK-PB+XZ-lahore@1'], whole: true });

    await areas.defineGroup('sales', 'Sales', ['IN'], MAKER);
    await areas.importPolygon('lahore', 'Lahore and around', outline(74, 31, 1), MAKER);
    expect(await termsOf(order, 1)).toEqual(document);
    for (const person of [people.ada, people.ben]) await world.sign(order, 1, person);
    // What an act leaves alone stays as it was signed; who names the areas again means what they are now.
    await orders.act(people.proposer.id, order, { act: 'revise', title: 'Another' });
    expect((await termsOf(order, 2)).terms).toEqual({ ...terms, title: 'Another' });
    await orders.act(people.proposer.id, order, { act: 'revise', areas: named.areas });
    const third = (await termsOf(order, 3)).terms;
    expect(third.groups?.['XG-sales']).toEqual(['IN']);
    expect(third.polygons?.['XZ-lahore']).toMatchObject({ version: 2, title: 'Lahore and around' });
    await orders.act(people.proposer.id, order, { act: 'revise', areas: ['FR'] });
    expect((await termsOf(order, 4)).terms).not.toHaveProperty('groups');
    expect((await termsOf(order, 4)).terms).not.toHaveProperty('polygons');
  });

  it('is removed with all its versions as long as no order has named it', async () => {
    await open();
    const { areas, orders, people } = world;
    await areas.importPolygon('lahore', 'Lahore', outline(74.2, 31.4, 0.25), MAKER);
    await areas.importPolygon('lahore', 'Lahore', outline(74.2, 31.4, 0.5), MAKER);
    await areas.defineGroup('sales', 'Sales', ['PK'], MAKER);
    await areas.defineGroup('sales-2', 'Sales', ['IN'], MAKER);
    const propose = (title: string, named: string[]) =>
      orders.propose(people.proposer.id, { ...PROPOSAL, title, areas: named });
    // Whoever is called so is not named.
    await propose('XG-sales', ['PK']);
    await propose('"XG-sales"', ['XG-sales-2']);
    const named = [await propose('One', ['XZ-lahore']), await propose('Two', ['PK', 'XZ-lahore'])];
    // What was set aside was signed by its proposer all the same, and stands in packs.
    await orders.act(people.proposer.id, named[0]?.order ?? '', { act: 'revise', areas: ['PK'] });
    await expect(areas.remove('XZ-lahore', MAKER)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(named.map(({ order }) => order).join(', ')),
      context: { orders: named.map(({ order }) => order) },
    });
    await expect(areas.remove('XG-sales-2', MAKER)).rejects.toMatchObject({ code: 'conflict' });
    await areas.remove('XG-sales', MAKER);
    expect((await areas.namedAreas()).map(({ code, version }) => [code, version])).toEqual([
      ['XG-sales-2', 1],
      ['XZ-lahore', 2],
    ]);
    for (const gone of ['XG-sales', 'XZ-nowhere']) {
      await expect(areas.remove(gone, MAKER)).rejects.toMatchObject({ code: 'not_found' });
    }
    await expect(areas.remove('%', MAKER)).rejects.toMatchObject({ code: 'unknown_area' });
    await expect(areas.remove('PK', MAKER)).rejects.toMatchObject({ code: 'not_found' });
    await expect(propose('Three', ['XG-sales'])).rejects.toMatchObject({ code: 'unknown_area' });
  });

  it('checks the newest and the new content before a change, and changes nothing when the check refuses', async () => {
    await open();
    const { areas } = world;
    const checked: string[][] = [];
    const limited: AreaEditor = {
      account: newAccountId(),
      requireAreas: (wanted) => {
        checked.push([...wanted].sort());
        if (wanted.some((area) => area !== 'PK')) throw new CordonError('out_of_scope', 'Your role does not reach it.');
      },
    };
    const refused = { code: 'out_of_scope' };
    await areas.defineGroup('sales', 'Sales', ['PK'], limited);
    await areas.defineGroup('sales', 'Sales', ['IN'], MAKER);
    await expect(areas.defineGroup('sales', 'Sales', ['PK'], limited)).rejects.toMatchObject(refused);
    await expect(areas.remove('XG-sales', limited)).rejects.toMatchObject(refused);
    await areas.defineGroup('sales', 'Sales', ['PK'], MAKER);
    await areas.remove('XG-sales', limited);
    await areas.importPolygon('lahore', 'Lahore', outline(74.2, 31.4, 0.5), MAKER);
    await expect(areas.importPolygon('lahore', 'Lahore', outline(74.2, 31.4, 0.25), limited)).rejects.toMatchObject(
      refused,
    );
    expect(checked).toEqual([['PK'], ['IN', 'PK'], ['IN'], ['PK'], ['IN', 'PK']]);
    expect((await areas.namedAreas()).map(({ code, version }) => [code, version])).toEqual([['XZ-lahore', 1]]);
  });

  it('refuses an order that names what nobody has made', async () => {
    await open();
    const { orders, people } = world;
    const propose = (areas: string[]) => orders.propose(people.proposer.id, { ...PROPOSAL, areas });
    await expect(propose(['XZ-nowhere'])).rejects.toMatchObject({ code: 'unknown_area' });
    await expect(propose(['PK', 'XG-nobody'])).rejects.toMatchObject({ code: 'unknown_area' });
    await expect(propose(['XZ-'])).rejects.toMatchObject({ code: 'unknown_area' });
    await expect(propose(['XZ-Lahore'])).rejects.toMatchObject({ code: 'unknown_area' });
    const { problems } = await orders.preview(
      { ...PROPOSAL, act: 'propose', areas: ['PK', 'XZ-nowhere'] },
      () => undefined,
    );
    expect(problems.map(({ field, code }) => [field, code])).toContainEqual(['areas.1', 'unknown_area']);
  });

  it('refuses an order by which more polygons would touch a place than a position speaks of', async () => {
    await open();
    const { areas, orders, people, clock } = world;
    const names = Array.from({ length: 17 }, (_, index) => `field-${index}`);
    for (const [index, name] of names.entries()) {
      await areas.importPolygon(name, name, outline(72 + index / 10, 31.4, 0.05), MAKER);
    }
    await areas.importPolygon('elsewhere', 'Elsewhere', outline(2, 47, 1), MAKER);
    const codes = names.map((name) => `XZ-${name}`);
    const until = new Date(Date.parse(PROPOSAL.effective) + 3_600_000).toISOString();
    const propose = (named: string[]) => orders.propose(people.proposer.id, { ...PROPOSAL, areas: named, until });
    const refused = { code: 'invalid_input', message: expect.stringMatching(/17 polygons.*\(PK\).* 16/) };

    await expect(propose(codes)).rejects.toMatchObject(refused);
    const { problems } = await orders.preview({ ...PROPOSAL, act: 'propose', areas: codes }, () => undefined);
    expect(problems.map(({ field }) => field)).toEqual(['areas']);

    // Those of other orders count with them: of one that is adopted, and of one that waits to be.
    const first = await propose([...codes.slice(0, 8), 'XZ-elsewhere']);
    for (const person of [people.ada, people.ben]) await world.sign(first.order, 1, person);
    await propose(codes.slice(8, 16));
    const act = (input: ActInput) => orders.act(people.proposer.id, first.order, input);
    await expect(propose(codes.slice(16))).rejects.toMatchObject(refused);
    await expect(act({ act: 'revise', areas: [...codes.slice(0, 8), 'XZ-field-16'] })).rejects.toMatchObject(refused);
    // One instead of another, those that are named already, a place that has room.
    await act({ act: 'revise', areas: [...codes.slice(1, 8), 'XZ-field-16'] });
    await propose([...codes.slice(0, 8), 'XZ-elsewhere']);
    await act({ act: 'withdraw' });

    // An order that has ended touches nothing any more, and comes back only where there is room.
    clock.jump(Date.parse(until));
    const later = { effective: new Date(clock.now() + 3_600_000).toISOString(), until: null };
    await orders.propose(people.proposer.id, { ...PROPOSAL, ...later, areas: codes.slice(1) });
    await expect(act({ act: 'extend', until: null })).rejects.toMatchObject(refused);
    await act({ act: 'withdraw' });
  });

  it('finds by a polygon whoever may be in it, and denies whoever is', async () => {
    await open();
    const { areas, orders, people, clock } = world;
    const [pakistan, emirates] = [world.addDevice('PK'), world.addDevice('AE')];
    await areas.importPolygon('lahore', 'Lahore', outline(74.2, 31.4, 0.25), MAKER);
    const effective = new Date(clock.now() + 3_600_000).toISOString();
    const drawn = {
      ...PROPOSAL,
      areas: ['XZ-lahore'],
      effective,
      nexus: ['present' as const],
      contested: 'deny' as const,
    };
    const { order } = await orders.propose(people.proposer.id, drawn);
    const { impact } = await orders.preview({ ...drawn, act: 'propose' }, () => undefined);
    expect(impact?.counts).toMatchObject({ borderline: 1, denied: 1 });
    for (const person of [people.ada, people.ben]) await world.sign(order, 1, person);
    expect((await orders.affected(order)).map(({ device }) => device)).toEqual([pakistan]);
    clock.jump(clock.now() + 2 * 3_600_000);
    const reasons = async (device: typeof pakistan) => (await orders.verdict(device)).services.messaging;
    expect(await reasons(pakistan)).toMatchObject({ allowed: false, reasons: ['contested'] });
    expect(await reasons(emirates)).toMatchObject({ allowed: true });
  });
});
