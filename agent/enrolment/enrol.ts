/**
 * Enrolment, from an activation link to a device that knows its orders: pin the CA that the link names, make a key here, get a
 * certificate over EST, pin the root of approvers, store list and record. Each step is kept before the next, so that the same link
 * given again goes on where it was interrupted, with the same key.
 */
import { z } from 'zod';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { readRoot } from '../../shared/order/approvers.ts';
import { type Envelope, envelopeSchema } from '../../shared/order/documents.ts';
import { parseActivationLink } from '../../shared/protocol/activation-link.ts';
import type { ClockState } from '../enforcement/device-clock.ts';
import { openHeldDocuments } from '../enforcement/documents-held.ts';
import type { DialPort } from '../link/dial.ts';
import { overTls } from '../link/http.ts';
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
  let kept = keeper.load();
  if (kept && kept.device !== device && replace) {
    store.device(kept.device).clear();
    keeper.destroy();
    kept = null;
  }
  if (kept?.complete && kept.device !== device) {
    throw new CordonError(
      'conflict',
      `This machine is enrolled already, as ${kept.device}. To give that identity up, add --replace.`,
    );
  }
  if (kept?.complete) return kept;

  let state: EnrolmentState;
  if (kept?.device === device) {
    state = kept;
  } else {
    const unverified = overTls(secureDial({ dial, rootPem: null, identity: null }));
    const rootPem = findRoot(await fetchAuthorities(unverified, publicUrl), fingerprint).toString();
    state = { device, publicUrl, deviceUrl, rootPem, keyPem: newKeyPem(), chainPem: null, complete: false };
    keeper.save(state);
  }
  let { chainPem } = state;
  if (chainPem === null) {
    // From here on nothing but that root is trusted.
    const http = overTls(secureDial({ dial, rootPem: state.rootPem, identity: null }));
    chainPem = await certificateFor(state, code.secret, http);
    state = { ...state, complete: false, chainPem };
    keeper.save(state);
  }
  return finish({ ...state, chainPem }, { keeper, store, dial });
}

async function certificateFor(
  state: EnrolmentState,
  secret: string,
  http: ReturnType<typeof overTls>,
): Promise<string> {
  const { device, publicUrl, keyPem, rootPem } = state;
  const authorities = await fetchAuthorities(http, publicUrl);
  const csr = requestCertificate(device, keyPem);
  try {
    return chainOf(await simpleEnrol(http, publicUrl, csr, { user: device, secret }), authorities, keyPem, rootPem);
  } catch (error) {
    if (!isCordonError(error, 'code_used')) throw error;
    throw new CordonError(
      'code_used',
      'This activation code was used already: by somebody else, or by an attempt on this machine whose answer never arrived. Ask your admin for a new link.',
      {},
      error,
    );
  }
}

async function finish(state: EnrolmentState & { chainPem: string }, ports: EnrolPorts): Promise<Credentials> {
  const { device, publicUrl, deviceUrl, rootPem, keyPem, chainPem } = state;
  const { generation } = readOwn(chainPem);
  const open = overTls(secureDial({ dial: ports.dial, rootPem, identity: null }));
  const asDevice = overTls(secureDial({ dial: ports.dial, rootPem, identity: { keyPem, chainPem } }));
  const get = async (http: typeof open, url: URL) =>
    JSON.parse(accepted(await http(url, { method: 'GET' })).toString('utf8'));

  const roots = z
    .array(envelopeSchema)
    .min(1)
    .parse(await get(open, new URL('/orders/roots', publicUrl)));
  const list = envelopeSchema.parse(await get(open, new URL('/orders/list', publicUrl)));
  const record = envelopeSchema.parse(await get(asDevice, new URL('/device/record', httpsOf(deviceUrl))));

  const installation = installationOf(roots);
  const store = ports.store.device(device);
  store.transaction(() => {
    store.beginGeneration(generation);
    const held = openHeldDocuments(store, { device, installation, generation: () => generation });
    held.acceptRoots(roots);
    const stored = held.acceptList(list, Date.now());
    held.acceptRecord(record);
    if (stored) store.saveClock(signedTime(stored.list.issued));
  });
  const complete = { device, publicUrl, deviceUrl, rootPem, keyPem, chainPem, generation, installation };
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
