/** Attacks by a member with a modified client: the other members refuse each attack with an error code and change nothing. */
import {
  type ClientState,
  createCommit,
  createGroupInfoWithExternalPubAndRatchetTree,
  createProposal,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  joinGroupExternal,
  type KeyPackage,
  type Proposal,
  proposeAddExternal,
} from 'ts-mls';
import { signKeyPackage } from 'ts-mls/keyPackage.js';
import { signLeafNodeKeyPackage } from 'ts-mls/leafNode.js';
import { describe, expect, it } from 'vitest';
import { credentialOf } from '../../shared/seal/credential.ts';
import { joinConversation } from '../../shared/seal/join.ts';
import { generateKeyPackage, openKeyPackage, readKeyPackage } from '../../shared/seal/key-package.ts';
import { peek } from '../../shared/seal/message.ts';
import { openMessage } from '../../shared/seal/open.ts';
import { withState } from '../../shared/seal/state.ts';
import { CAPABILITIES, clientConfig, suite } from '../../shared/seal/suite.ts';
import type { Claim, Self } from '../../shared/seal/terms.ts';
import { codeOfAsync as codeOf } from '../support/code-of.ts';
import {
  anybody,
  conversationOfMany,
  enroll,
  flip,
  packageOf,
  refused,
  type Talker,
  talker,
} from '../support/conversations.ts';

const DAY = 86_400_000;

describe('a member with a modified client', () => {
  type Attack = (eve: ClientState, self: Self) => Promise<Uint8Array>;
  const ghost = async () => (await generateKeyPackage(await enroll(), Date.now(), false)).publicPackage;

  const committing =
    (
      proposals: (self: Self, eve: ClientState) => Promise<Proposal[]> | Proposal[],
      change: (eve: ClientState) => ClientState = (eve) => eve,
    ): Attack =>
    async (eve, self) => {
      const extraProposals = await proposals(self, eve);
      const claims = extraProposals.flatMap((one) => ('add' in one ? [claimIn(one.add.keyPackage)] : []));
      const config = { ...clientConfig([...claims]), authService: { validateCredential: async () => true } };
      const state = { ...change(eve), clientConfig: { ...config, keyPackageEqualityConfig: NO_KEY_PACKAGES_EQUAL } };
      const pskIndex = { findPsk: () => new Uint8Array(32) };
      const context = { state, pskIndex, cipherSuite: await suite() };
      return encodeMlsMessage((await createCommit(context, { extraProposals, ratchetTreeExtension: true })).commit);
    };
  const NO_KEY_PACKAGES_EQUAL = { compareKeyPackages: () => false, compareKeyPackageToLeafNode: () => false };
  const claimIn = ({ leafNode }: KeyPackage): Claim => ({
    ...JSON.parse(new TextDecoder().decode((leafNode.credential as { identity: Uint8Array }).identity)),
    signatureKey: leafNode.signaturePublicKey.toBase64(),
  });
  const adding = (keyPackage: KeyPackage): Proposal => ({ proposalType: 'add', add: { keyPackage } });
  const eveLeaf = (eve: ClientState, change: (leaf: object) => object): ClientState => ({
    ...eve,
    ratchetTree: eve.ratchetTree.map((node, at) =>
      at === 2 && node?.nodeType === 'leaf' ? ({ nodeType: 'leaf', leaf: change(node.leaf) } as typeof node) : node,
    ),
  });
  /** Makes a key package with properties that `generateKeyPackage` never produces. */
  const packageLike = async (
    self: Self,
    { lifetime = 30 * DAY, capabilities = CAPABILITIES, leafKey = null as Uint8Array | null } = {},
  ) => {
    const cipherSuite = await suite();
    const from = BigInt(Math.floor(Date.now() / 1000) - 60);
    const keys = { signKey: self.key.privateKey, publicKey: Uint8Array.fromBase64(self.key.publicKey) };
    const times = { notBefore: from, notAfter: from + BigInt(lifetime / 1000) };
    const { publicPackage } = await generateKeyPackageWithKey(
      credentialOf(self),
      capabilities,
      times,
      [],
      keys,
      cipherSuite,
    );
    if (!leafKey) return publicPackage;
    const leafNode = await signLeafNodeKeyPackage(
      { ...publicPackage.leafNode, hpkePublicKey: leafKey },
      self.key.privateKey,
      cipherSuite.signature,
    );
    return await signKeyPackage({ ...publicPackage, leafNode }, self.key.privateKey, cipherSuite.signature);
  };
  const encodePublic = (keyPackage: KeyPackage) =>
    encodeMlsMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage });

  const attacks: [string, string, Attack][] = [
    [
      'commits a pre-shared key',
      'commit_refused',
      committing(() => [
        {
          proposalType: 'psk',
          psk: { preSharedKeyId: { psktype: 'external', pskId: new Uint8Array(4), pskNonce: new Uint8Array(32) } },
        },
      ]),
    ],
    [
      'commits group context extensions',
      'commit_refused',
      committing(() => [{ proposalType: 'group_context_extensions', groupContextExtensions: { extensions: [] } }]),
    ],
    [
      'commits the reinitialization of the group',
      'commit_refused',
      committing((_, { groupContext }) => [
        {
          proposalType: 'reinit',
          reinit: {
            groupId: groupContext.groupId,
            version: 'mls10',
            cipherSuite: groupContext.cipherSuite,
            extensions: [],
          },
        },
      ]),
    ],
    [
      'commits a proposal of an unknown type',
      'commit_refused',
      committing(() => [{ proposalType: 0xf000, proposalData: new Uint8Array(4) }]),
    ],
    [
      'commits with the credential of another device',
      'commit_refused',
      committing(
        () => [],
        (eve) =>
          eveLeaf(eve, (leaf) => ({
            ...leaf,
            credential: credentialOf({ device: 'dev_aaaaaaaaaaaaaaaa' as Self['device'], generation: 1 }),
          })),
      ),
    ],
    [
      'commits with another signature key',
      'commit_refused',
      committing(
        () => [],
        (eve) => eveLeaf(eve, (leaf) => ({ ...leaf, signaturePublicKey: new Uint8Array(32).fill(9) })),
      ),
    ],
    [
      'commits with capabilities that Cordon does not support',
      'commit_refused',
      committing(
        () => [],
        (eve) => eveLeaf(eve, (leaf) => ({ ...leaf, capabilities: { ...CAPABILITIES, proposals: [0xf000] } })),
      ),
    ],
    [
      'adds its own device a second time',
      'commit_refused',
      committing(async (self) => [adding(await packageLike(self))]),
    ],
    [
      'adds one device twice',
      'commit_refused',
      committing(async () => {
        const twice = await enroll();
        return [adding(await packageLike(twice)), adding(await packageLike(twice))];
      }),
    ],
    [
      'adds a key package with too long a lifetime',
      'commit_refused',
      committing(async () => [adding(await packageLike(await enroll(), { lifetime: 1000 * DAY }))]),
    ],
    [
      'adds a key package with unsupported capabilities',
      'commit_refused',
      committing(async () => [
        adding(
          await packageLike(await enroll(), { capabilities: { ...CAPABILITIES, credentials: ['basic', 'x509'] } }),
        ),
      ]),
    ],
    [
      'adds a key package with the leaf key of another member',
      'commit_refused',
      committing(async (_, eve) => {
        const [node] = eve.ratchetTree;
        return [
          adding(
            await packageLike(await enroll(), { leafKey: node?.nodeType === 'leaf' ? node.leaf.hpkePublicKey : null }),
          ),
        ];
      }),
    ],
    [
      'commits in a public message',
      'commit_refused',
      async (state) => {
        const made = await createCommit({ state, cipherSuite: await suite() }, { wireAsPublicMessage: true });
        return encodeMlsMessage(made.commit);
      },
    ],
    [
      'commits with additional authenticated data',
      'message_malformed',
      async (state) => {
        const made = await createCommit(
          { state, cipherSuite: await suite() },
          { authenticatedData: new Uint8Array(1) },
        );
        return encodeMlsMessage(made.commit);
      },
    ],
    [
      'sends a proposal without a commit',
      'commit_refused',
      async (state) =>
        encodeMlsMessage((await createProposal(state, false, adding(await ghost()), await suite())).message),
    ],
    [
      'commits an earlier proposal by reference',
      'commit_refused',
      async (state) => {
        const proposed = await createProposal(
          state,
          false,
          { proposalType: 'remove', remove: { removed: 0 } },
          await suite(),
        );
        return encodeMlsMessage((await createCommit({ state: proposed.newState, cipherSuite: await suite() })).commit);
      },
    ],
    [
      'joins by an external commit',
      'commit_refused',
      async (state) => {
        const info = await createGroupInfoWithExternalPubAndRatchetTree(state, [], await suite());
        const self = await enroll();
        const { publicPackage, privatePackage } = await generateKeyPackage(self, Date.now(), false);
        const config = { ...clientConfig([]), authService: { validateCredential: async () => true } };
        const made = await joinGroupExternal(
          info,
          publicPackage,
          privatePackage,
          false,
          await suite(),
          undefined,
          config,
        );
        return encodeMlsMessage({
          version: 'mls10',
          wireformat: 'mls_public_message',
          publicMessage: made.publicMessage,
        });
      },
    ],
    [
      'sends a group info with the member list',
      'message_malformed',
      async (state) => {
        const groupInfo = await createGroupInfoWithExternalPubAndRatchetTree(state, [], await suite());
        return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_group_info', groupInfo });
      },
    ],
  ];

  it.each(attacks)(
    '%s: the other members refuse it with %s, and the conversation continues',
    async (_, code, attack) => {
      const [ada, eve, cyd] = (await conversationOfMany(3)) as [Talker, Talker, Talker];
      const message = await withState(eve.state, (state) => attack(state, eve.self));
      for (const one of [ada, cyd]) await refused(one, message, [code]);
      const { commit } = await ada.commit({});
      await cyd.open(commit);
      expect(await cyd.open(await ada.say('on'))).toMatchObject({ content: { text: 'on' } });
    },
  );

  it('an external proposal to join is refused', async () => {
    const [ada] = await conversationOfMany(1);
    const self = await enroll();
    const { publicPackage, privatePackage } = await generateKeyPackage(self, Date.now(), false);
    const message = await withState(ada.state, async (state) => {
      const info = await createGroupInfoWithExternalPubAndRatchetTree(state, [], await suite());
      return encodeMlsMessage(await proposeAddExternal(info, publicPackage, privatePackage, await suite()));
    });
    expect(() => peek(message)).toThrow(expect.objectContaining({ code: 'commit_refused' }));
    await refused(ada, message, ['commit_refused']);
  });

  it('case 17: an unverified device that a member adds is refused by all honest members', async () => {
    const [ada, eve, cyd] = (await conversationOfMany(3)) as [Talker, Talker, Talker];
    const rogue = await enroll(4);
    const rogues = await packageOf(rogue);
    const unknown = async ({ device }: Claim) => device !== rogue.device;
    const before = eve.state;
    await expect(eve.commit({ add: [rogues.publicPackage] }, unknown)).rejects.toMatchObject({
      code: 'unverified_member',
    });
    const { commit, welcome } = await eve.commit({ add: [rogues.publicPackage] });
    for (const one of [ada, cyd]) {
      const mine = one.state.slice();
      await expect(openMessage(one.state, commit, unknown)).rejects.toMatchObject({
        code: 'unverified_member',
        context: { device: rogue.device, generation: 4 },
      });
      expect(one.state).toEqual(mine);
    }
    // The other members cannot decrypt messages in the epoch with the unverified device.
    await refused(ada, await eve.say('psst'), ['epoch_ahead']);
    await cyd.open((await ada.commit({ remove: [1] })).commit);
    expect(await cyd.open(await ada.say('on'))).toMatchObject({ content: { text: 'on' } });

    const dan = await enroll();
    const dans = await packageOf(dan);
    const both = talker(eve.self, before);
    const made = await both.commit({ add: [rogues.publicPackage, dans.publicPackage] });
    await expect(joinConversation(made.welcome!, dans.privatePackage, dan, unknown)).rejects.toMatchObject({
      code: 'unverified_member',
      context: { device: rogue.device, generation: 4 },
    });
    await expect(joinConversation(welcome!, dans.privatePackage, dan, anybody)).rejects.toMatchObject({
      code: 'welcome_invalid',
    });
  });

  it('an invalid, altered or expired key package is refused', async () => {
    const self = await enroll();
    const now = Date.now();
    const made = await packageOf(self);
    const cases: [Uint8Array, number, string][] = [
      [made.publicPackage, now + 91 * DAY, 'key_package_expired'],
      [made.publicPackage, now - 3 * DAY, 'key_package_expired'],
      [encodePublic(await packageLike(self, { lifetime: 400 * DAY })), now, 'key_package_invalid'],
      [
        encodePublic(await packageLike(self, { capabilities: { ...CAPABILITIES, extensions: [] } })),
        now,
        'key_package_invalid',
      ],
      [
        encodePublic({
          ...openKeyPackage(made.publicPackage),
          extensions: [{ extensionType: 11, extensionData: new Uint8Array() }],
        }),
        now,
        'key_package_invalid',
      ],
      [
        encodePublic({
          ...openKeyPackage(made.publicPackage),
          initKey: openKeyPackage(made.publicPackage).leafNode.hpkePublicKey,
        }),
        now,
        'key_package_invalid',
      ],
      [new Uint8Array(0), now, 'key_package_invalid'],
    ];
    for (const [bytes, time, code] of cases) expect(await codeOf(readKeyPackage(bytes, time))).toBe(code);
    for (let at = 0; at < made.publicPackage.length; at += 1) {
      expect(['key_package_invalid', 'key_package_expired']).toContain(
        await codeOf(readKeyPackage(flip(made.publicPackage, at, at % 8), now)),
      );
    }
  });
});
