/** The operator's groups and polygons: the store keeps every version, and an order contains its own definitions. */
import { afterEach, expect, it } from 'vitest';
import type { AreaEditor } from '../../server/jurisdiction/named-areas.ts';
import type { ActionInput } from '../../server/orders/drafting/proposals.ts';
import type { Database } from '../../server/store/database.ts';
import { areasOfPosition } from '../../shared/areas/position.ts';
import { CordonError } from '../../shared/errors.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { revisionSchema } from '../../shared/order/documents.ts';
import { locationsOfOrder } from '../../shared/order/order-areas.ts';
import { compileRule } from '../../shared/order/rules.ts';
import { newAccountId } from '../../shared/protocol/ids.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { describeOnEveryStore } from './every-store.ts';

/** Accounts whose roles include all areas. */
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

describeOnEveryStore('named areas', (openStore) => {
  let world: OrderWorld;
  let database: Database;
  afterEach(async () => world.stop());

  async function open(): Promise<void> {
    database = await openStore();
    world = await openOrderWorld(database);
    const { ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
  }
  const termsOf = async (order: string, revision: number) =>
    parseDocument(revisionSchema, Buffer.from((await world.orders.adoption.revision(order, revision)).payload));

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

  it('rejects outlines and names that an order cannot contain', async () => {
    await open();
    const { areas } = world;
    await expect(areas.defineGroup('sales', 'Sales', ['XZ-lahore'], MAKER)).rejects.toMatchObject({
      code: 'unknown_area',
    });
    await expect(areas.defineGroup('Sales', 'Sales', ['PK'], MAKER)).rejects.toMatchObject({ code: 'unknown_area' });
    await expect(areas.importPolygon('sea', 'Sea', outline(-20, -20, 1), MAKER)).rejects.toThrow(
      /is outside all countries/,
    );
    await expect(areas.importPolygon('world', 'All', outline(-20, -60, 130), MAKER)).rejects.toThrow(
      /and the limit is 64/,
    );
    await expect(areas.importPolygon('x', 'X', '{}', MAKER)).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await areas.namedAreas()).toEqual([]);
  });

  it('copies definitions into an order, and does not change them with a new version', async () => {
    await open();
    const { areas, orders, people } = world;
    await areas.defineGroup('sales', 'Sales', ['PK', 'AE'], MAKER);
    await areas.importPolygon('lahore', 'Lahore', outline(74.2, 31.4, 0.25), MAKER);
    const named = { ...PROPOSAL, areas: ['XG-sales', 'XZ-lahore', 'UN-143', 'FR'] };
    const { order } = await orders.drafting.propose(people.proposer.id, named);
    const document = await termsOf(order, 1);
    const { terms } = document;
    expect(terms.areas).toEqual(['FR', 'UN-143', 'XG-sales', 'XZ-lahore']);
    expect(terms.groups).toEqual({ 'UN-143': ['KG', 'KZ', 'TJ', 'TM', 'UZ'], 'XG-sales': ['AE', 'PK'] });
    expect(terms.polygons?.['XZ-lahore']).toMatchObject({ version: 1, title: 'Lahore', touches: ['PK'] });
    expect(locationsOfOrder(terms).sort()).toEqual(['AE', 'FR', 'KG', 'KZ', 'PK', 'TJ', 'TM', 'UZ']);
    const { polygons, ...rule } = compileRule({ revision: document, permanentPause: false });
    expect([...rule.areas].sort()).toEqual(['AE', 'FR', 'KG', 'KZ', 'PK', 'TJ', 'TM', 'UZ']);
    const spot = { latitude: 31.55, longitude: 74.34, accuracy: 100 };
    expect(areasOfPosition(spot, polygons)).toEqual({ areas: ['PK-PB+XZ-lahore@1'], whole: true });

    await areas.defineGroup('sales', 'Sales', ['IN'], MAKER);
    await areas.importPolygon('lahore', 'Lahore and around', outline(74, 31, 1), MAKER);
    expect(await termsOf(order, 1)).toEqual(document);
    for (const person of [people.ada, people.ben]) await world.sign(order, 1, person);
    // A revision without areas keeps the signed definitions. A revision with areas takes the newest definitions.
    await orders.drafting.proposeAction(people.proposer.id, order, { action: 'revise', title: 'Another' });
    expect((await termsOf(order, 2)).terms).toEqual({ ...terms, title: 'Another' });
    await orders.drafting.proposeAction(people.proposer.id, order, { action: 'revise', areas: named.areas });
    const third = (await termsOf(order, 3)).terms;
    expect(third.groups?.['XG-sales']).toEqual(['IN']);
    expect(third.polygons?.['XZ-lahore']).toMatchObject({ version: 2, title: 'Lahore and around' });
    await orders.drafting.proposeAction(people.proposer.id, order, { action: 'revise', areas: ['FR'] });
    expect((await termsOf(order, 4)).terms).not.toHaveProperty('groups');
    expect((await termsOf(order, 4)).terms).not.toHaveProperty('polygons');
  });

  it('deletes all versions of an area that no order has named', async () => {
    await open();
    const { areas, orders, people } = world;
    await areas.importPolygon('lahore', 'Lahore', outline(74.2, 31.4, 0.25), MAKER);
    await areas.importPolygon('lahore', 'Lahore', outline(74.2, 31.4, 0.5), MAKER);
    await areas.defineGroup('sales', 'Sales', ['PK'], MAKER);
    await areas.defineGroup('sales-2', 'Sales', ['IN'], MAKER);
    const propose = (title: string, named: string[]) =>
      orders.drafting.propose(people.proposer.id, { ...PROPOSAL, title, areas: named });
    // An order whose title contains the code does not name the area.
    await propose('XG-sales', ['PK']);
    await propose('"XG-sales"', ['XG-sales-2']);
    const named = [await propose('One', ['XZ-lahore']), await propose('Two', ['PK', 'XZ-lahore'])];
    // A replaced proposal still counts, because its proposer signed it and packs contain it.
    await orders.drafting.proposeAction(people.proposer.id, named[0]?.order ?? '', { action: 'revise', areas: ['PK'] });
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
        if (wanted.some((area) => area !== 'PK'))
          throw new CordonError('out_of_scope', 'Your role does not include it.');
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

  it('rejects an order with an undefined area', async () => {
    await open();
    const { orders, people } = world;
    const propose = (areas: string[]) => orders.drafting.propose(people.proposer.id, { ...PROPOSAL, areas });
    await expect(propose(['XZ-nowhere'])).rejects.toMatchObject({ code: 'unknown_area' });
    await expect(propose(['PK', 'XG-nobody'])).rejects.toMatchObject({ code: 'unknown_area' });
    await expect(propose(['XZ-'])).rejects.toMatchObject({ code: 'unknown_area' });
    await expect(propose(['XZ-Lahore'])).rejects.toMatchObject({ code: 'unknown_area' });
    const { problems } = await orders.impact.preview(
      { ...PROPOSAL, action: 'propose', areas: ['PK', 'XZ-nowhere'] },
      () => undefined,
    );
    expect(problems.map(({ field, code }) => [field, code])).toContainEqual(['areas.1', 'unknown_area']);
  });

  it('rejects an order with too many polygons over one country', async () => {
    await open();
    const { areas, orders, people, clock } = world;
    const names = Array.from({ length: 17 }, (_, index) => `field-${index}`);
    for (const [index, name] of names.entries()) {
      await areas.importPolygon(name, name, outline(72 + index / 10, 31.4, 0.05), MAKER);
    }
    await areas.importPolygon('elsewhere', 'Elsewhere', outline(2, 47, 1), MAKER);
    const codes = names.map((name) => `XZ-${name}`);
    const until = new Date(Date.parse(PROPOSAL.effective) + 3_600_000).toISOString();
    const propose = (named: string[]) =>
      orders.drafting.propose(people.proposer.id, { ...PROPOSAL, areas: named, until });
    const refused = { code: 'invalid_input', message: expect.stringMatching(/17 polygons.*\(PK\).* 16/) };

    await expect(propose(codes)).rejects.toMatchObject(refused);
    const { problems } = await orders.impact.preview({ ...PROPOSAL, action: 'propose', areas: codes }, () => undefined);
    expect(problems.map(({ field }) => field)).toEqual(['areas']);

    // Polygons of other orders count too: of an adopted order and of a pending proposal.
    const first = await propose([...codes.slice(0, 8), 'XZ-elsewhere']);
    for (const person of [people.ada, people.ben]) await world.sign(first.order, 1, person);
    await propose(codes.slice(8, 16));
    const act = (input: ActionInput) => orders.drafting.proposeAction(people.proposer.id, first.order, input);
    await expect(propose(codes.slice(16))).rejects.toMatchObject(refused);
    await expect(act({ action: 'revise', areas: [...codes.slice(0, 8), 'XZ-field-16'] })).rejects.toMatchObject(
      refused,
    );
    // A replaced polygon, already named polygons, and a location below the limit.
    await act({ action: 'revise', areas: [...codes.slice(1, 8), 'XZ-field-16'] });
    await propose([...codes.slice(0, 8), 'XZ-elsewhere']);
    await act({ action: 'withdraw' });

    // An ended order does not count. It can be resumed only below the limit.
    clock.jump(Date.parse(until));
    const later = { effective: new Date(clock.now() + 3_600_000).toISOString(), until: null };
    await orders.drafting.propose(people.proposer.id, { ...PROPOSAL, ...later, areas: codes.slice(1) });
    await expect(act({ action: 'extend', until: null })).rejects.toMatchObject(refused);
    await act({ action: 'withdraw' });
  });

  it('finds devices that may be in a polygon, and denies devices that are inside', async () => {
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
    const { order } = await orders.drafting.propose(people.proposer.id, drawn);
    const { impact } = await orders.impact.preview({ ...drawn, action: 'propose' }, () => undefined);
    expect(impact?.counts).toMatchObject({ borderline: 1, denied: 1 });
    for (const person of [people.ada, people.ben]) await world.sign(order, 1, person);
    expect((await orders.impact.affected(order)).map(({ device }) => device)).toEqual([pakistan]);
    clock.jump(clock.now() + 2 * 3_600_000);
    const reasons = async (device: typeof pakistan) => (await orders.effect.verdict(device)).services.messaging;
    expect(await reasons(pakistan)).toMatchObject({ allowed: false, reasons: ['contested'] });
    expect(await reasons(emirates)).toMatchObject({ allowed: true });
  });
});
