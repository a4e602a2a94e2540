/** A server with witnesses, its devices, and what happens when the server shows another history. All are real processes. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { checkpointView, witnessList } from '../../shared/api/ledger.ts';
import { overviewView } from '../../shared/api/overview.ts';
import { openCheckpoint } from '../../shared/ledger/checkpoint.ts';
import { validCosignatures } from '../../shared/ledger/cosignature.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { adoptChanged, foundOrganization } from '../support/organization.ts';
import { PROJECT } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { until } from '../support/until.ts';
import { createWitnessProcess, type WitnessProcess } from '../support/witness-process.ts';
import { buildGoWitness, goWitnesses, startGoWitness } from '../support/witness-tools.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const SLOW = 60_000;

const temporary = () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-witnessed-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

async function witnessProcess(name: string): Promise<WitnessProcess> {
  const witness = await createWitnessProcess({ name });
  closing.push(witness.remove);
  await witness.start();
  return witness;
}

/** Document of the public listener. */
const published = (world: World, path: string) =>
  new Promise<string>((resolve, reject) => {
    const ca = readFileSync(join(world.server.home, 'keys', 'root.crt'), 'utf8');
    const asked = request(new URL(path, world.server.public), { ca }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end();
  });
const sizeIn = (note: string) => Number(note.split('\n')[1]);
const publishedSize = async (world: World) => sizeIn(await published(world, '/ledger/checkpoint'));

const witnessesOf = ({ operator }: World) => operator.as(operator.owner, 'GET', '/ledger/witnesses', witnessList);

/** Waits until all given witnesses have cosigned the published checkpoint. Returns the checkpoint. */
const cosignedBy = (world: World, keys: readonly string[], above = 0) =>
  until(async () => {
    const note = await published(world, '/ledger/checkpoint');
    const cosigned = (await validCosignatures(note, keys)).length;
    if (cosigned < keys.length) throw new Error(JSON.stringify((await witnessesOf(world)).witnesses));
    expect(sizeIn(note)).toBeGreaterThan(above);
    return note;
  }, SLOW);

async function person(world: World, user: string): Promise<AgentProcess> {
  const agent = new AgentProcess();
  closing.push(() => agent.remove());
  const { link } = await world.operator.code({ user, group: world.group, home: 'SE' });
  await agent.enroll(link);
  agent.run();
  await agent.connected(SLOW);
  await until(async () => expect((await agent.status()).messaging.state).toBe('ready'), SLOW, 500);
  return agent;
}

/** Newest checkpoint that the agent has verified. */
function noteOf(agent: AgentProcess): string {
  const [row] = agent.query("select value from state where name = 'ledger'");
  return z.looseObject({ note: z.string() }).parse(JSON.parse(String(row?.['value']))).note;
}

const overview = async ({ operator }: World) => operator.as(operator.owner, 'GET', '/overview', overviewView);

it.skipIf(!goWitnesses.present)(
  'submits to cordon-witness and to the witness of sigsum-go, and Go’s note package verifies the published checkpoint',
  async () => {
    const folder = temporary();
    const [own, other] = [await witnessProcess('witness.example.org/w1'), await startGoWitness(folder)];
    closing.push(other.remove);
    const world = await openWorld({ CORDON_WITNESSES: `${own.key} ${own.url}, ${other.key} ${other.url}` });
    closing.push(world.remove);
    const { operator } = world;
    await until(async () => {
      for (const { failure } of (await witnessesOf(world)).witnesses)
        expect(failure).toContain('does not know this ledger or its key');
    }, SLOW);
    const { key } = await operator.as(operator.owner, 'GET', '/ledger/checkpoint', checkpointView);
    own.addLog(key);
    await own.stop();
    await own.start();
    other.addLog(key);
    const first = await cosignedBy(world, [own.key, other.key]);
    await world.enrolled();
    const note = await cosignedBy(world, [own.key, other.key], sizeIn(first));
    await openCheckpoint(note, await parseVerifierKey(key));
    const client = buildGoWitness(folder, 'client');
    for (const witness of [own, other]) {
      const input = JSON.stringify({ LogKey: key, WitnessKey: witness.key, Steps: [], Published: note });
      expect(await runProgram(client, [], { input })).toEqual({ code: 0, err: '', out: `published ${sizeIn(note)}\n` });
    }
    expect((await witnessesOf(world)).witnesses).toMatchObject([
      { name: 'witness.example.org/w1', failure: null, late: false },
      { name: 'sigsum.example.org/w2', failure: null, late: false },
    ]);
  },
  180_000,
);

/** A server with one witness that its approver set requires, and two users that exchange messages. */
async function witnessedWorld() {
  const witness = await witnessProcess('witness.example.org/w1');
  const world = await openWorld({ CORDON_WITNESSES: `${witness.key} ${witness.url}` });
  closing.push(world.remove);
  const { operator } = world;
  const { key } = await operator.as(operator.owner, 'GET', '/ledger/checkpoint', checkpointView);
  witness.addLog(key);
  await witness.stop();
  await witness.start();
  const organization = await foundOrganization(operator.owner, operator.approvers);
  const stopCountersigning = organization.keepCountersigning(1_000);
  closing.push(() => stopCountersigning().catch(() => undefined));
  await cosignedBy(world, [witness.key]);
  await adoptChanged(operator.owner, operator.approvers, { witnesses: { threshold: 1, keys: [witness.key] } });
  return { witness, world, key };
}

it('case 38: a server on an older copy of its store publishes nothing, says how to fix this, and recovers with the newest copy', async () => {
  const { witness, world } = await witnessedWorld();
  const { server } = world;
  await world.enrolled();
  await cosignedBy(world, [witness.key]);
  await server.stop();
  const [older, newest] = [join(temporary(), 'home'), join(temporary(), 'home')];
  cpSync(server.home, older, { recursive: true });
  await server.start();
  const before = await publishedSize(world);
  await world.enrolled();
  const last = sizeIn(await cosignedBy(world, [witness.key], before));
  await server.stop();
  cpSync(server.home, newest, { recursive: true });

  await server.start({ CORDON_HOME: older });
  expect(server.output()).toMatch(new RegExp(`witness.example.org/w1 has cosigned ${last} ledger entries`));
  expect(server.output()).toMatch(/put the newest copy of its database in place/);
  await world.enrolled();
  const { healthIssues } = await overview(world);
  expect(healthIssues.find(({ code }) => code === 'ledger_withheld')).toMatchObject({ severity: 'critical' });
  expect(await publishedSize(world)).toBeLessThan(last);
  const metrics = await fetch(new URL('/metrics', server.admin));
  expect(await metrics.text()).toContain('cordon_ledger_withheld 1');
  const shown = async () => JSON.parse((await witness.cli(['show', '--json'])).out).logs[0].size;
  expect(await shown()).toBe(last);
  await server.stop();

  await server.start({ CORDON_HOME: newest });
  await world.enrolled();
  expect(sizeIn(await cosignedBy(world, [witness.key], last))).toBeGreaterThan(last);
}, 180_000);

it('case 36: an agent notices a server that shows it a fork without cosignatures, and keeps its last tree', async () => {
  const { witness, world } = await witnessedWorld();
  const { server } = world;
  const amina = await person(world, 'Amina');
  await person(world, 'Bilal');
  await world.enrolled();
  const send = (text: string) => amina.cli(['send', 'Bilal', text]);
  await server.stop();
  const older = join(temporary(), 'home');
  cpSync(server.home, older, { recursive: true });
  await server.start();
  await amina.connected(SLOW);
  await until(async () => expect((await send('over the witnessed ledger')).code).toBe(0), SLOW);
  await world.enrolled();
  const grown = sizeIn(await cosignedBy(world, [witness.key]));
  await until(async () => {
    expect((await send('again')).code).toBe(0);
    expect(await validCosignatures(noteOf(amina), [witness.key])).toHaveLength(1);
  }, SLOW);
  const kept = noteOf(amina);
  await amina.stop();
  await server.stop();

  // The operator starts a second history from an older copy, hides the checkpoint from the witness, and shows it to devices.
  const preload = pathToFileURL(join(PROJECT, 'tests/support/dishonest-publication.ts')).href;
  const environment = { CORDON_HOME: older, CORDON_WITNESSES: '', NODE_OPTIONS: `--import ${preload}` };
  await server.start(environment, join(PROJECT, 'server/start.js'));
  await until(async () => {
    await world.enrolled();
    expect(await publishedSize(world)).toBeGreaterThan(Math.max(grown, sizeIn(kept)));
  }, SLOW);
  amina.run();
  await amina.connected(SLOW);
  await until(async () => {
    await send('over a fork');
    expect(await world.alerts(amina.device)).toContain('ledger_not_cosigned');
  }, SLOW);
  expect(noteOf(amina)).toBe(kept);
}, 240_000);
