/**
 * Enrolment, from an activation link to a device that knows its orders: pin the CA that the link names, make a key here, get a
 * certificate over EST, pin the root of approvers, store list and record. Each step is kept before the next, so that the same link
 * given again goes on where it was interrupted, with the same key.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { readRoot } from '../../shared/order/approvers.ts';
import { type Envelope, envelopeSchema } from '../../shared/order/documents.ts';
import { parseActivationLink } from '../../shared/protocol/activation-link.ts';
import type { ClockState } from '../enforcement/device-clock.ts';
import { openHeldDocuments } from '../enforcement/documents-held.ts';
import type { DialPort } from '../link/dial.ts';
import { type Http, overOneConnection, overTls } from '../link/http.ts';
import { secureDial } from '../link/tls.ts';
import type { AgentStore } from '../store/agent-store.ts';
import { chainOf, findRoot, readOwn } from './certificates.ts';
import type { Credentials, EnrolmentKeeper, EnrolmentState } from './credentials.ts';
import { newKeyPem, requestCertificate } from './csr.ts';
import { accepted, fetchAuthorities, httpsOf, simpleEnrol } from './est.ts';

export interface EnrolPorts {
  readonly keeper: EnrolmentKeeper;
  readonly store: AgentStore;
  readonly dial: DialPort;
  /** Gives up the identity that this machine has (revoked, or of another installation) for the link's. */
  readonly replace?: boolean;
}

export async function enrol(link: string, { keeper, store, dial, replace = false }: EnrolPorts): Promise<Credentials> {
  const { code, publicUrl, deviceUrl, fingerprint } = parseActivationLink(link);
  const device = code.id;
  const used = createHash('sha256').update(code.secret).digest('hex');
  const kept = keeper.load();
  const same = kept?.device === device && kept.code === used;
  if (kept?.complete && same) return kept;
  if (kept?.complete && !replace) {
    throw new CordonError(
      'conflict',
      `This machine is enrolled already, as ${kept.device}. To give that identity up for the new link, add --replace.`,
    );
  }

  let state: EnrolmentState;
  if (kept && same) {
    state = kept;
  } else {
    const unverified = overTls(secureDial({ dial, rootPem: null, identity: null }));
    const rootPem = findRoot(await fetchAuthorities(unverified, publicUrl), fingerprint).toString();
    // Not before the new installation has shown who it is: a mistyped link costs no identity.
    if (kept) {
      store.device(kept.device).clear();
      keeper.destroy();
    }
    const keyPem = newKeyPem();
    state = { device, code: used, publicUrl, deviceUrl, rootPem, keyPem, chainPem: null, complete: false };
    // The key is durable before it is spoken of: when the answer is lost, the used code still answers this key and no other.
    keeper.save(state);
  }
  // From here on nothing but that root is trusted.
  const pinned = overOneConnection(secureDial({ dial, rootPem: state.rootPem, identity: null }));
  try {
    let { chainPem } = state;
    if (chainPem === null) {
      const authorities = await fetchAuthorities(pinned.http, publicUrl);
      const csr = requestCertificate(device, state.keyPem);
      const answer = await simpleEnrol(pinned.http, publicUrl, csr, { user: device, secret: code.secret });
      chainPem = chainOf(answer, authorities, state.keyPem, state.rootPem);
      state = { ...state, complete: false, chainPem };
      keeper.save(state);
    }
    return await finish({ ...state, chainPem }, pinned.http, { keeper, store, dial });
  } finally {
    pinned.close();
  }
}

async function finish(
  state: EnrolmentState & { chainPem: string },
  open: Http,
  ports: EnrolPorts,
): Promise<Credentials> {
  const { device, code, publicUrl, deviceUrl, rootPem, keyPem, chainPem } = state;
  const { generation } = readOwn(chainPem);
  const asDevice = overTls(secureDial({ dial: ports.dial, rootPem, identity: { keyPem, chainPem } }));
  const get = async (http: Http, url: URL) => JSON.parse(accepted(await http(url, { method: 'GET' })).toString('utf8'));

  const roots = z
    .array(envelopeSchema)
    .min(1)
    .parse(await get(open, new URL('/orders/roots', publicUrl)));
  const list = envelopeSchema.parse(await get(open, new URL('/orders/list', publicUrl)));
  // What is kept from the public, devices get beside the list.
  const withheld = z.array(envelopeSchema).parse(await get(asDevice, new URL('/device/withheld', httpsOf(deviceUrl))));
  const record = envelopeSchema.parse(await get(asDevice, new URL('/device/record', httpsOf(deviceUrl))));

  const installation = installationOf(roots);
  const store = ports.store.device(device);
  store.transaction(() => {
    store.beginGeneration(generation);
    const held = openHeldDocuments(store, { device, installation, generation: () => generation });
    held.acceptRoots(roots);
    const stored = held.acceptList(list, withheld, Date.now());
    held.acceptRecord(record);
    if (stored) store.saveClock(signedTime(stored.list.issued));
  });
  const complete = { device, code, publicUrl, deviceUrl, rootPem, keyPem, chainPem, generation, installation };
  ports.keeper.save({ ...complete, complete: true });
  return complete;
}

/** The first root names the installation; whoever answered is the holder of the CA that the link pinned. */
function installationOf(roots: readonly Envelope[]): string {
  const [first] = roots;
  if (!first)
    throw new CordonError('approvers_required', 'The installation has no root of approvers yet; tell its admin.');
  return readRoot(first).approvers.installation;
}

/** The list's own date is the first authenticated time. It belongs to no boot, so the wall clock is heard when the agent starts. */
const signedTime = (issued: number): ClockState => ({
  floor: issued,
  reached: issued,
  anchor: { time: issued, monotonic: 0, boot: 'enrolment' },
});
