import type { DeviceFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Self } from '../../shared/seal/terms.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { createGroupChanges } from './conversation/group-changes.ts';
import { createGroupChecks } from './conversation/group-checks.ts';
import { createNewConversations } from './conversation/new-conversation.ts';
import { createNotes } from './conversation/notes.ts';
import { createRecords } from './conversation/records.ts';
import { createRejoinRequests } from './conversation/rejoin-requests.ts';
import { createStateLoss } from './conversation/state-loss.ts';
import { createSuccession } from './conversation/succession.ts';
import { createViews } from './conversation/views.ts';
import { createWelcomes } from './conversation/welcome.ts';
import { createEnrollmentKey } from './keys/enrollment-key.ts';
import { createKeyPackageClaims } from './keys/key-package-claims.ts';
import { createKeyPackageStock } from './keys/key-package-stock.ts';
import { createVault } from './keys/vault.ts';
import { createAttachments } from './mailbox/attachments.ts';
import { createContentPosts } from './mailbox/content-posts.ts';
import { createDescriptionPosts } from './mailbox/description-posts.ts';
import { createMailbox } from './mailbox/mailbox.ts';
import { createMailboxQuiet } from './mailbox/mailbox-quiet.ts';
import { createMailboxReader } from './mailbox/mailbox-reader.ts';
import { createMailboxSession } from './mailbox/mailbox-session.ts';
import { createMessageGaps } from './mailbox/message-gaps.ts';
import { createMessageReceipts } from './mailbox/message-receipts.ts';
import { createPosts } from './mailbox/posts.ts';
import { createReceivedItems } from './mailbox/received-items.ts';
import { createTextPosts } from './mailbox/text-posts.ts';
import { createUploads } from './mailbox/uploads.ts';
import { createCertification } from './members/certification.ts';
import type { Membership } from './members/membership.ts';
import { createNewDeviceNotes } from './members/new-devices.ts';
import type { MessageStore } from './message-store.ts';
import type { RelayClient } from './relay-client.ts';

export interface EnginePorts {
  readonly device: DeviceId;
  readonly generation: number;
  readonly store: MessageStore;
  readonly workspace: Workspace;
  readonly membership: Membership;
  readonly relay: RelayClient;
  readonly send: (frame: DeviceFrame) => boolean;
  readonly gate: () => GateView;
  /** True if the organization has an organization key, without which no device can be verified. */
  readonly hasOrganizationKey: () => boolean;
  /**
   * The device's time (`enforcement/device-clock.ts`), which dates written messages. Key packages, requests and delays use the machine's
   * own clock.
   */
  readonly now: () => Instant;
  /** Shows a text to the user at once. The text is not part of any conversation. */
  readonly announce?: ((conversation: string, text: string) => void) | undefined;
  /** Alerts the organization to an event, once per event. */
  readonly alert: (code: string, detail: string, event: string) => void;
  readonly onFailure: (what: string, error: unknown) => void;
  readonly keyPackages: number;
  /** Milliseconds that the device waits for missing data of a conversation. Then it asks the other members to add this device again. */
  readonly patience: number;
}

export interface LoopHooks {
  readonly wakeAt: (at: number) => void;
  readonly wake: () => void;
  readonly onChange: () => void;
}

export type MessagingModules = ReturnType<typeof createModules>;

/** Creates the modules of messaging: first keys and transport, then conversations, then the mailbox. */
export function createModules(ports: EnginePorts, hooks: LoopHooks) {
  const base = createBase(ports, hooks);
  const conversations = createConversations(ports, hooks, base);
  const mailboxWork = createMailboxWork(ports, base, conversations);
  return { ...base, ...conversations, ...mailboxWork };
}

type Base = ReturnType<typeof createBase>;
type Conversations = ReturnType<typeof createConversations>;

function createBase(ports: EnginePorts, { wakeAt, wake, onChange }: LoopHooks) {
  const { device, generation, store, workspace, membership, relay, send, gate, alert } = ports;
  const vault = createVault({ workspace, store });
  const records = createRecords(store, vault);
  const key = createEnrollmentKey(store, generation);
  const self = (): Self => ({ device, generation, key: key.get() });
  const stock = createKeyPackageStock({
    store,
    vault,
    relay,
    self,
    wakeAt,
    target: ports.keyPackages,
    now: Date.now,
  });
  const claims = createKeyPackageClaims({ device, relay, realNow: Date.now, alert });
  const certification = createCertification({
    generation,
    membership,
    store,
    vault,
    key: key.get,
    wakeAt,
    onChange,
  });
  const mailbox = createMailbox({ store, send });
  const posts = createPosts({ store, vault, send, countAccepted: mailbox.countAccepted, wakeAt });
  const attachments = createAttachments({ workspace, relay });
  const uploads = createUploads({ attachments, onEnded: wake });
  const session = createMailboxSession({ mailbox, posts, uploads, vault, gate });
  const contentPosts = createContentPosts({ device, records, store, posts });
  // The views use the user of the earlier enrollment (`lastOwn`), so that stored messages stay readable after a new enrollment, before the
  // organization confirms the device.
  const views = createViews({ records, store, own: certification.lastOwn, attachments });
  return {
    vault,
    records,
    key,
    self,
    stock,
    claims,
    certification,
    own: certification.own,
    mailbox,
    posts,
    attachments,
    quiet: createMailboxQuiet(),
    uploads,
    session,
    contentPosts,
    views,
  };
}

function createConversations(ports: EnginePorts, { wakeAt }: LoopHooks, base: Base) {
  const { device, store, membership, now, alert, patience } = ports;
  const { records, self, own, posts, claims, stock } = base;
  const realNow = Date.now;
  const notes = createNotes({ records, store, now });
  const announce = ports.announce ?? (() => undefined);
  const newDevices = createNewDeviceNotes({ device, own, records, notes, now, announce });
  const stateLoss = createStateLoss({ records, store, posts, stock, notes, alert, realNow });
  const rejoinRequests = createRejoinRequests({ self, records, store, posts, membership, alert, realNow });
  const newConversations = createNewConversations({
    self,
    own,
    membership,
    claims,
    records,
    store,
    posts,
    newDevices,
    now,
    realNow,
  });
  const succession = createSuccession({ own, records, store, conversations: newConversations, notes, now, alert });
  const changes = createGroupChanges({
    device,
    patience,
    records,
    store,
    posts,
    membership,
    claims,
    succession,
    stateLoss,
    newDevices,
    realNow,
  });
  const checks = createGroupChecks({ records, changes, realNow, wakeAt });
  const welcomes = createWelcomes({ self, own, membership, stock, records, store, newDevices, realNow });
  return { notes, newDevices, stateLoss, rejoinRequests, newConversations, succession, changes, checks, welcomes };
}

function createMailboxWork(ports: EnginePorts, base: Base, conversations: Conversations) {
  const { store, membership, now, alert, patience } = ports;
  const { records, own, posts, claims, contentPosts, uploads } = base;
  const { notes, newDevices, succession, welcomes, rejoinRequests, stateLoss } = conversations;
  const realNow = Date.now;
  const gaps = createMessageGaps({ patience, records, membership, contentPosts, notes, alert, realNow });
  const received = createReceivedItems({
    own,
    records,
    store,
    membership,
    notes,
    newDevices,
    gaps,
    succession,
    now,
    alert,
  });
  const reader = createMailboxReader({
    patience,
    records,
    store,
    membership,
    claims,
    welcomes,
    received,
    rejoinRequests,
    stateLoss,
    notes,
    alert,
    realNow,
  });
  const texts = createTextPosts({ own, records, store, posts, membership, contentPosts, uploads });
  const descriptions = createDescriptionPosts({ records, store, posts, membership, contentPosts });
  const receipts = createMessageReceipts({ own, records, store, membership, contentPosts });
  return { gaps, reader, texts, descriptions, receipts };
}
