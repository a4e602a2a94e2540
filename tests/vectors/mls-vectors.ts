/**
 * Published test vectors of the MLS working group (mlswg/mls-implementations; its `test-vectors.md` defines the fields), checked with
 * ts-mls and with the functions that `shared/seal` uses instead of it. Only vectors of our cipher suite count. A failing vector throws.
 */
import { equal, ok } from 'node:assert/strict';
import {
  acceptAll,
  type ClientState,
  decodeMlsMessage,
  defaultKeyRetentionConfig,
  encodeMlsMessage,
  joinGroup,
  type KeyPackage,
  makePskIndex,
  mlsExporter,
  type PrivateMessage,
  processMessage,
} from 'ts-mls';
import { decodeAuthenticatedContent } from 'ts-mls/authenticatedContent.js';
import { defaultClientConfig } from 'ts-mls/clientConfig.js';
import { encode } from 'ts-mls/codec/tlsEncoder.js';
import { determineLength } from 'ts-mls/codec/variableLength.js';
import { decodeCommit, encodeCommit } from 'ts-mls/commit.js';
import { refhash } from 'ts-mls/crypto/hash.js';
import { decryptWithLabel, encryptWithLabel } from 'ts-mls/crypto/hpke.js';
import { deriveSecret, deriveTreeSecret, expandWithLabel } from 'ts-mls/crypto/kdf.js';
import { signWithLabel, verifyWithLabel } from 'ts-mls/crypto/signature.js';
import { verifyConfirmationTag } from 'ts-mls/framedContent.js';
import { groupContextEncoder } from 'ts-mls/groupContext.js';
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from 'ts-mls/groupInfo.js';
import { decodeGroupSecrets, groupSecretsEncoder } from 'ts-mls/groupSecrets.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { initializeEpoch } from 'ts-mls/keySchedule.js';
import { protectApplicationData, protectProposal, unprotectPrivateMessage } from 'ts-mls/messageProtection.js';
import { unprotectPublicMessage } from 'ts-mls/messageProtectionPublic.js';
import { computePskSecret } from 'ts-mls/presharedkey.js';
import {
  decodeAdd,
  decodeExternalInit,
  decodeGroupContextExtensions,
  decodeProposal,
  decodePSK,
  decodeReinit,
  decodeRemove,
  decodeUpdate,
  encodeAdd,
  encodeExternalInit,
  encodeGroupContextExtensions,
  encodeProposal,
  encodePSK,
  encodeReinit,
  encodeRemove,
  encodeUpdate,
} from 'ts-mls/proposal.js';
import { decodeRatchetTree, encodeRatchetTree } from 'ts-mls/ratchetTree.js';
import { createSecretTree, ratchetToGeneration } from 'ts-mls/secretTree.js';
import { expandSenderDataKey, expandSenderDataNonce } from 'ts-mls/sender.js';
import { createConfirmedHash, createInterimHash } from 'ts-mls/transcriptHash.js';
import { decryptGroupInfo, decryptGroupSecrets } from 'ts-mls/welcome.js';
import { suite } from '../../shared/seal/suite.ts';
import { checkShape } from '../../shared/seal/tree.ts';
import { treeKem, treeMath, treeOperations, treeValidation } from './mls-tree-vectors.ts';
import {
  at,
  bytes,
  contextOf,
  type Decoder,
  type Json,
  list,
  message,
  number,
  same,
  string,
  type Vector,
  whole,
} from './read-vector.ts';

async function cryptoBasics(vector: Vector): Promise<void> {
  const { hash, kdf, hpke, signature } = await suite();
  const of = (name: string) => (field: string) => bytes(vector, name, field);
  const label = (name: string) => string(vector, name, 'label');
  const ref = of('ref_hash');
  same(await refhash(label('ref_hash'), ref('value'), hash), ref('out'));
  const expand = of('expand_with_label');
  const length = number(vector, 'expand_with_label', 'length');
  same(
    await expandWithLabel(expand('secret'), label('expand_with_label'), expand('context'), length, kdf),
    expand('out'),
  );
  const derive = of('derive_secret');
  same(await deriveSecret(derive('secret'), label('derive_secret'), kdf), derive('out'));
  const tree = of('derive_tree_secret');
  const [generation, size] = ['generation', 'length'].map((field) => number(vector, 'derive_tree_secret', field));
  same(
    await deriveTreeSecret(tree('secret'), label('derive_tree_secret'), generation ?? 0, size ?? 0, kdf),
    tree('out'),
  );
  const sign = of('sign_with_label');
  const signLabel = label('sign_with_label');
  ok(await verifyWithLabel(sign('pub'), signLabel, sign('content'), sign('signature'), signature));
  const signed = await signWithLabel(sign('priv'), signLabel, sign('content'), signature);
  same(signed, sign('signature'));
  const seal = of('encrypt_with_label');
  const sealLabel = label('encrypt_with_label');
  const key = await hpke.importPrivateKey(seal('priv'));
  const open = (enc: Uint8Array, ct: Uint8Array) => decryptWithLabel(key, sealLabel, seal('context'), enc, ct, hpke);
  same(await open(seal('kem_output'), seal('ciphertext')), seal('plaintext'));
  const publicKey = await hpke.importPublicKey(seal('pub'));
  const { ct, enc } = await encryptWithLabel(publicKey, sealLabel, seal('context'), seal('plaintext'), hpke);
  same(await open(enc, ct), seal('plaintext'));
}

async function keySchedule(vector: Vector): Promise<void> {
  const { kdf, hpke, ...rest } = await suite();
  let init = bytes(vector, 'initial_init_secret');
  for (const [index, epoch] of list(vector, 'epochs').entries()) {
    const context = contextOf(
      vector,
      BigInt(index),
      bytes(epoch, 'tree_hash'),
      bytes(epoch, 'confirmed_transcript_hash'),
    );
    same(encode(groupContextEncoder)(context), bytes(epoch, 'group_context'));
    const made = await initializeEpoch(init, bytes(epoch, 'commit_secret'), context, bytes(epoch, 'psk_secret'), kdf);
    const schedule = made.keySchedule;
    const values = {
      joiner_secret: made.joinerSecret,
      welcome_secret: made.welcomeSecret,
      encryption_secret: made.encryptionSecret,
      init_secret: schedule.initSecret,
      sender_data_secret: schedule.senderDataSecret,
      exporter_secret: schedule.exporterSecret,
      epoch_authenticator: schedule.epochAuthenticator,
      external_secret: schedule.externalSecret,
      confirmation_key: schedule.confirmationKey,
      membership_key: schedule.membershipKey,
      resumption_psk: schedule.resumptionPsk,
      external_pub: await hpke.exportPublicKey((await hpke.deriveKeyPair(schedule.externalSecret)).publicKey),
    };
    for (const [name, value] of Object.entries(values)) same(value, bytes(epoch, name));
    const { label, length } = at(epoch, 'exporter') as { label: string; length: number };
    const context2 = bytes(epoch, 'exporter', 'context');
    const exported = await mlsExporter(schedule.exporterSecret, label, context2, length, { kdf, hpke, ...rest });
    same(exported, bytes(epoch, 'exporter', 'secret'));
    init = Uint8Array.from(schedule.initSecret);
  }
}

async function pskSecret(vector: Vector): Promise<void> {
  const psks = list(vector, 'psks').map((psk): Parameters<typeof computePskSecret>[0][number] => [
    { psktype: 'external', pskId: bytes(psk, 'psk_id'), pskNonce: bytes(psk, 'psk_nonce') },
    bytes(psk, 'psk'),
  ]);
  same(await computePskSecret(psks, await suite()), bytes(vector, 'psk_secret'));
}

async function secretTree(vector: Vector): Promise<void> {
  const cs = await suite();
  const data = (field: string) => bytes(vector, 'sender_data', field);
  same(await expandSenderDataKey(cs, data('sender_data_secret'), data('ciphertext')), data('key'));
  same(await expandSenderDataNonce(cs, data('sender_data_secret'), data('ciphertext')), data('nonce'));
  const leaves = list(vector, 'leaves');
  const tree = await createSecretTree(leaves.length, bytes(vector, 'encryption_secret'), cs.kdf);
  // The vectors use no reuse guard, so the nonce is the ratchet's own.
  const reuseGuard = new Uint8Array(4) as Parameters<typeof ratchetToGeneration>[1]['reuseGuard'];
  for (const [leafIndex, generations] of leaves.entries()) {
    for (const entry of generations as Json[]) {
      const sender = { leafIndex, generation: number(entry, 'generation'), reuseGuard };
      const config = { ...defaultKeyRetentionConfig, maximumForwardRatchetSteps: 1000 };
      for (const [type, name] of [
        ['application', 'application'],
        ['commit', 'handshake'],
      ] as const) {
        const { key, nonce } = await ratchetToGeneration(tree, sender, type, config, cs);
        same(key, bytes(entry, `${name}_key`));
        same(nonce, bytes(entry, `${name}_nonce`));
      }
    }
  }
}

async function messageProtection(vector: Vector): Promise<void> {
  const cs = await suite();
  const hash = bytes(vector, 'confirmed_transcript_hash');
  const context = contextOf(vector, BigInt(number(vector, 'epoch')), bytes(vector, 'tree_hash'), hash);
  const [signKey, publicKey] = [bytes(vector, 'signature_priv'), bytes(vector, 'signature_pub')];
  const senderSecret = bytes(vector, 'sender_data_secret');
  const fresh = () => createSecretTree(2, bytes(vector, 'encryption_secret'), cs.kdf);
  const open = async (sealed: PrivateMessage) => {
    const opened = await unprotectPrivateMessage(
      senderSecret,
      sealed,
      await fresh(),
      [],
      context,
      defaultKeyRetentionConfig,
      cs,
      publicKey,
    );
    const { content } = opened.content;
    if (content.contentType === 'application') return content.applicationData;
    return content.contentType === 'commit' ? encodeCommit(content.commit) : encodeProposal(content.proposal);
  };
  for (const name of ['proposal', 'commit', 'application']) {
    const sealed = message(bytes(vector, `${name}_priv`));
    ok(sealed.wireformat === 'mls_private_message');
    same(await open(sealed.privateMessage), bytes(vector, name));
    if (name === 'application') continue;
    const given = message(bytes(vector, `${name}_pub`));
    ok(given.wireformat === 'mls_public_message');
    const key = bytes(vector, 'membership_key');
    const { content } = await unprotectPublicMessage(key, context, [], given.publicMessage, cs, publicKey);
    const raw = content.contentType === 'commit' ? encodeCommit(content.commit) : encodeProposal(content.proposal);
    same(raw, bytes(vector, name));
  }
  const nothing = new Uint8Array();
  const { paddingConfig } = defaultClientConfig;
  const text = bytes(vector, 'application');
  const said = await protectApplicationData(
    signKey,
    senderSecret,
    text,
    nothing,
    context,
    await fresh(),
    1,
    paddingConfig,
    cs,
  );
  same(await open(said.privateMessage), text);
  const proposal = whole(decodeProposal, bytes(vector, 'proposal'));
  const made = await protectProposal(
    signKey,
    senderSecret,
    proposal,
    nothing,
    context,
    await fresh(),
    1,
    paddingConfig,
    cs,
  );
  same(await open(made.privateMessage), bytes(vector, 'proposal'));
}

async function transcriptHashes(vector: Vector): Promise<void> {
  const { hash } = await suite();
  const { wireformat, content, auth } = whole(decodeAuthenticatedContent, bytes(vector, 'authenticated_content'));
  ok(content.contentType === 'commit' && auth.contentType === 'commit');
  const before = bytes(vector, 'interim_transcript_hash_before');
  const confirmed = await createConfirmedHash(before, { wireformat, content, signature: auth.signature }, hash);
  same(confirmed, bytes(vector, 'confirmed_transcript_hash_after'));
  same(await createInterimHash(confirmed, auth.confirmationTag, hash), bytes(vector, 'interim_transcript_hash_after'));
  ok(await verifyConfirmationTag(bytes(vector, 'confirmation_key'), auth.confirmationTag, confirmed, hash));
}

const packageIn = (from: Uint8Array): KeyPackage => {
  const read = message(from);
  ok(read.wireformat === 'mls_key_package');
  return read.keyPackage;
};
const welcomeIn = (from: Uint8Array) => {
  const read = message(from);
  ok(read.wireformat === 'mls_welcome');
  return read.welcome;
};

async function welcome(vector: Vector): Promise<void> {
  const cs = await suite();
  const sealed = welcomeIn(bytes(vector, 'welcome'));
  const reference = await makeKeyPackageRef(packageIn(bytes(vector, 'key_package')), cs.hash);
  const key = await cs.hpke.importPrivateKey(bytes(vector, 'init_priv'));
  const secrets = await decryptGroupSecrets(key, reference, sealed, cs.hpke);
  ok(secrets);
  const none = new Uint8Array(cs.kdf.size);
  const info = await decryptGroupInfo(sealed, secrets.joinerSecret, none, cs);
  ok(info && (await verifyGroupInfoSignature(info, bytes(vector, 'signer_pub'), cs.signature)));
  ok(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, none, cs));
}

function messages(vector: Vector): void {
  const again = <T>(name: string, decode: Decoder<T>, spell: (value: T) => Uint8Array) =>
    same(spell(whole(decode, bytes(vector, name))), bytes(vector, name));
  for (const name of [
    'mls_welcome',
    'mls_group_info',
    'mls_key_package',
    'public_message_application',
    'public_message_proposal',
    'public_message_commit',
    'private_message',
  ]) {
    again(name, decodeMlsMessage, encodeMlsMessage);
  }
  again('ratchet_tree', decodeRatchetTree, encodeRatchetTree);
  again('group_secrets', decodeGroupSecrets, encode(groupSecretsEncoder));
  again('add_proposal', decodeAdd, encodeAdd);
  again('update_proposal', decodeUpdate, encodeUpdate);
  again('remove_proposal', decodeRemove, encodeRemove);
  again('pre_shared_key_proposal', decodePSK, encodePSK);
  again('re_init_proposal', decodeReinit, encodeReinit);
  again('external_init_proposal', decodeExternalInit, encodeExternalInit);
  again('group_context_extensions_proposal', decodeGroupContextExtensions, encodeGroupContextExtensions);
  again('commit', decodeCommit, encodeCommit);
}

/** Cordon's own check of a tree also runs at each epoch of the published group. */
async function passiveClient(vector: Vector): Promise<void> {
  const cs = await suite();
  const psks = list(vector, 'external_psks').map(
    (psk) => [bytes(psk, 'psk_id').toBase64(), bytes(psk, 'psk')] as const,
  );
  const index = (state: ClientState | undefined) => makePskIndex(state, Object.fromEntries(psks));
  const tree =
    at(vector, 'ratchet_tree') === null ? undefined : whole(decodeRatchetTree, bytes(vector, 'ratchet_tree'));
  const keys = {
    initPrivateKey: bytes(vector, 'init_priv'),
    hpkePrivateKey: bytes(vector, 'encryption_priv'),
    signaturePrivateKey: bytes(vector, 'signature_priv'),
  };
  const keyPackage = packageIn(bytes(vector, 'key_package'));
  let state = await joinGroup(
    welcomeIn(bytes(vector, 'welcome')),
    keyPackage,
    keys,
    index(undefined),
    cs,
    tree,
    undefined,
    defaultClientConfig,
  );
  same(state.keySchedule.epochAuthenticator, bytes(vector, 'initial_epoch_authenticator'));
  const hear = async (given: Json) => {
    const read = message(Uint8Array.fromHex(String(given)));
    ok(read.wireformat === 'mls_public_message' || read.wireformat === 'mls_private_message');
    state = (await processMessage(read, state, index(state), acceptAll, cs)).newState;
  };
  for (const epoch of list(vector, 'epochs')) {
    for (const proposal of list(epoch, 'proposals')) await hear(proposal);
    await hear(at(epoch, 'commit'));
    same(state.keySchedule.epochAuthenticator, bytes(epoch, 'epoch_authenticator'));
    checkShape(state.ratchetTree);
  }
}

function lengths(vector: Vector): void {
  equal(determineLength(bytes(vector, 'vlbytes_header')).length, number(vector, 'length'));
}

/** Check function of each vector file, by file name. */
export const MLS_VECTORS: Readonly<Record<string, (vector: Vector) => void | Promise<void>>> = {
  'tree-math': treeMath,
  'crypto-basics': cryptoBasics,
  'key-schedule': keySchedule,
  psk_secret: pskSecret,
  'secret-tree': secretTree,
  'message-protection': messageProtection,
  'transcript-hashes': transcriptHashes,
  welcome,
  'tree-operations': treeOperations,
  'tree-validation': treeValidation,
  treekem: treeKem,
  messages,
  'passive-client-welcome': passiveClient,
  'passive-client-handling-commit': passiveClient,
  'passive-client-random': passiveClient,
  deserialization: lengths,
};

/** Vectors of cipher suite 1, and vectors without a cipher suite. */
export const isOurs = (vector: Vector) => vector['cipher_suite'] === undefined || vector['cipher_suite'] === 1;
