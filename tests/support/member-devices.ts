/** Devices that verify members over the real device listener, and a server whose responses a test can change. */
import { afterAll, beforeAll, expect } from 'vitest';
import { dialDirect } from '../../agent/link/dial.ts';
import { type Http, overTls } from '../../agent/link/http.ts';
import { secureDial } from '../../agent/link/tls.ts';
import type { StoredLedger } from '../../agent/messaging/members/ledger-watch.ts';
import { createMembership } from '../../agent/messaging/members/membership.ts';
import { countersignCertificate } from '../../shared/order/messaging-certificate.ts';
import type { MemberProof } from '../../shared/protocol/device-http.ts';
import { type GatewayWorld, openGatewayWorld, type TestDevice } from './gateway-world.ts';
import { newSignatureKey } from './messaging-keys.ts';
import { personCalled } from './persons.ts';
import { INSTALLATION, testKey } from './signed-documents.ts';

export const organization = testKey();

/** Response of the server. Only the list of members has a type. */
interface Told {
  readonly members: readonly MemberProof[];
}

const identityOf = ({ tls }: TestDevice) => ({ keyPem: String(tls.key), chainPem: String(tls.cert) });

/** Registers the hooks that open the server before the tests of one file. */
export function memberDevices() {
  let world: GatewayWorld;
  beforeAll(async () => {
    world = await openGatewayWorld();
    const { ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben], [organization]);
    await world.ledger.start();
  });
  afterAll(async () => {
    expect(world.complaints).toEqual([]);
    await world.close();
  });

  /** Enrolls a device of a user with this name. `lies` changes the server’s responses. */
  async function device(name: string) {
    const enrolled = await world.enroll('SE', name);
    const identity = { device: enrolled.id, installation: INSTALLATION, generation: 1 };
    const asks: string[] = [];
    const alerts: string[] = [];
    let held: StoredLedger | null = null;
    let now = 0;
    const lies: { answer: ((path: string, json: Told) => unknown) | null; cut: boolean } = { answer: null, cut: false };
    const real = overTls(secureDial({ dial: dialDirect, rootPem: enrolled.tls.ca, identity: identityOf(enrolled) }));
    const http: Http = async (url, request) => {
      const path = `${url.pathname}${url.search}`;
      asks.push(`${request.method} ${path}`);
      const answer = await real(url, request);
      if (lies.cut) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      if (!lies.answer) return answer;
      const told = lies.answer(path, JSON.parse(answer.body.toString()));
      const status = typeof told === 'object' && told !== null && 'code' in told ? 422 : answer.status;
      return { ...answer, status, body: Buffer.from(JSON.stringify(told)) };
    };
    const make = () =>
      createMembership({
        identity,
        signer: () => enrolled.signer,
        approverSet: () => world.orders.approverSets.current(),
        store: {
          ledger: () => held,
          saveLedger: (next) => {
            held = next;
          },
        },
        http: () => http,
        deviceUrl: () => `wss://127.0.0.1:${world.port}`,
        monotonic: () => now,
        now: () => world.clock.now(),
        alert: (code, detail) => void alerts.push(`${code} ${detail}`),
      });
    const signatureKey = newSignatureKey();
    return {
      ...enrolled,
      signatureKey,
      name,
      person: personCalled(name),
      membership: make(),
      asks,
      alerts,
      alertCodes: () => alerts.map((alert) => alert.split(' ')[0]),
      lies,
      held: () => held,
      /** Membership after a restart of the agent, with the same store. */
      restart: make,
      later: (milliseconds: number) => {
        now += milliseconds;
      },
    };
  }

  async function countersign(): Promise<void> {
    const query = { waiting: true, lacking: null, group: null, scope: null, cursor: null, limit: 500 };
    const { keys } = await world.membership.list(query);
    const given = keys.map(({ digest, payload }) => ({
      digest,
      keyid: organization.keyid,
      signature: countersignCertificate(organization, payload),
    }));
    if (given.length > 0) await world.membership.countersign(given, null);
  }

  async function member(name: string): Promise<MemberDevice> {
    const made = await device(name);
    await made.membership.handIn(made.signatureKey);
    await countersign();
    return made;
  }

  return {
    get world() {
      return world;
    },
    device,
    member,
    countersign,
  };
}
export type MemberDevice = Awaited<ReturnType<ReturnType<typeof memberDevices>['device']>>;
