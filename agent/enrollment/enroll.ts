/**
 * Enrollment with an activation link. The device pins the CA that the link names, gets a certificate over EST, pins the approver set, and
 * stores order list and device record. Each step is stored before the next one, so the same link continues an interrupted enrollment with
 * the same key.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { readApproverSet } from '../../shared/order/approvers.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { deviceRecordSchema, envelopeSchema, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import { parseActivationLink } from '../../shared/protocol/activation-link.ts';
import type { ClockState } from '../enforcement/device-clock.ts';
import { openStoredDocuments } from '../enforcement/stored-documents.ts';
import type { DialPort } from '../link/dial.ts';
import { type Http, overOneConnection, overTls } from '../link/http.ts';
import { secureDial } from '../link/tls.ts';
import type { AgentStore } from '../store/agent-store.ts';
import { chainOf, findRoot, readOwn } from './certificates.ts';
import type { Credentials, EnrollmentKeeper, EnrollmentState } from './credentials.ts';
import { newKeyPem, requestCertificate } from './csr.ts';
import { bodyOf, fetchAuthorities, httpsOf, simpleEnroll } from './est.ts';

export interface EnrollPorts {
  readonly keeper: EnrollmentKeeper;
  readonly store: AgentStore;
  readonly dial: DialPort;
  /** True to replace this machine's current identity, which may be revoked or of another installation. */
  readonly replace?: boolean;
}

export async function enroll(
  link: string,
  { keeper, store, dial, replace = false }: EnrollPorts,
): Promise<Credentials> {
  const { code, publicUrl, deviceUrl, fingerprint } = parseActivationLink(link);
  const device = code.id;
  const used = createHash('sha256').update(code.secret).digest('hex');
  const stored = keeper.load();
  const same = stored?.device === device && stored.code === used;
  if (stored?.complete && same) return stored;
  if (stored?.complete && !replace) {
    throw new CordonError(
      'conflict',
      `This machine is already enrolled as ${stored.device}. Add --replace to replace that identity.`,
    );
  }

  let state: EnrollmentState;
  if (stored && same) {
    state = stored;
  } else {
    const unverified = overTls(secureDial({ dial, rootPem: null, identity: null }));
    const rootPem = findRoot(await fetchAuthorities(unverified, publicUrl), fingerprint).toString();
    // The agent checks the new installation before it deletes the old identity. Otherwise a mistyped link would destroy the old identity.
    if (stored) {
      store.device(stored.device).clear();
      keeper.destroy();
    }
    const keyPem = newKeyPem();
    state = { device, code: used, publicUrl, deviceUrl, rootPem, keyPem, chainPem: null, complete: false };
    // The key is stored before the certificate request is sent. If the response is lost, the server has marked the activation code as used,
    // but accepts it again with this key.
    keeper.save(state);
  }
  // All later requests trust only the pinned root CA.
  const pinned = overOneConnection(secureDial({ dial, rootPem: state.rootPem, identity: null }));
  try {
    let { chainPem } = state;
    if (chainPem === null) {
      const authorities = await fetchAuthorities(pinned.http, publicUrl);
      const csr = requestCertificate(device, state.keyPem);
      const response = await simpleEnroll(pinned.http, publicUrl, csr, { user: device, secret: code.secret });
      chainPem = chainOf(response, authorities, state.keyPem, state.rootPem);
      state = { ...state, complete: false, chainPem };
      keeper.save(state);
    }
    return await finish({ ...state, chainPem }, pinned.http, { keeper, store, dial });
  } finally {
    pinned.close();
  }
}

async function finish(
  state: EnrollmentState & { chainPem: string },
  open: Http,
  ports: EnrollPorts,
): Promise<Credentials> {
  const { device, code, publicUrl, deviceUrl, rootPem, keyPem, chainPem } = state;
  const { generation } = readOwn(chainPem);
  const asDevice = overTls(secureDial({ dial: ports.dial, rootPem, identity: { keyPem, chainPem } }));
  const get = async (http: Http, url: URL) => JSON.parse(bodyOf(await http(url, { method: 'GET' })).toString('utf8'));

  const approverSets = z.array(envelopeSchema).parse(await get(open, new URL('/orders/approver-sets', publicUrl)));
  const record = envelopeSchema.parse(await get(asDevice, new URL('/device/record', httpsOf(deviceUrl))));
  const [first] = approverSets;
  const list = first && envelopeSchema.parse(await get(open, new URL('/orders/list', publicUrl)));
  // The order list contains only placeholders for withheld revisions, whose text needs a separate request.
  const withheld = first
    ? z.array(envelopeSchema).parse(await get(asDevice, new URL('/device/withheld', httpsOf(deviceUrl))))
    : [];

  // The first approver set names the installation; without a set, the device record names it. Both documents come from the owner of the
  // pinned CA.
  const installation = first
    ? readApproverSet(first).approvers.installation
    : parseDocument(deviceRecordSchema, payloadOf(record, PAYLOAD_TYPES.record)).installation;
  const store = ports.store.device(device);
  store.transaction(() => {
    store.beginGeneration(generation);
    // Without an approver set, the device cannot verify an order list or a device record. When the organization adopts an approver set, all
    // three documents arrive over the connection.
    if (!list) return;
    const documents = openStoredDocuments(store, { device, installation, generation: () => generation });
    documents.acceptApproverSets(approverSets);
    const accepted = documents.acceptList(list, withheld, Date.now());
    documents.acceptRecord(record);
    if (accepted) store.saveClock(signedTime(accepted.list.issued));
  });
  const complete = { device, code, publicUrl, deviceUrl, rootPem, keyPem, chainPem, generation, installation };
  ports.keeper.save({ ...complete, complete: true });
  return complete;
}

/**
 * The clock state starts at the order list's date, the first authenticated time. It names no real boot, so the agent's first start measures
 * the time since then with the wall clock.
 */
const signedTime = (issued: number): ClockState => ({
  floor: issued,
  latestTime: issued,
  anchor: { time: issued, monotonic: 0, boot: 'enrollment' },
});
