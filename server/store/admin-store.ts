import type { AdminsPorts } from '../admins/admins.ts';
import { AccountStore } from './account-store.ts';
import { ApproverKeyStore } from './approver-key-store.ts';
import { CustomRoleStore } from './custom-role-store.ts';
import type { Database } from './database.ts';
import { InvitationStore, VerificationStore } from './invitation-store.ts';
import { PasskeyStore, RecoveryCodeStore } from './passkey-store.ts';
import { ProviderIdentityStore } from './provider-identity-store.ts';
import { SessionStore, TokenStore } from './session-store.ts';

export const openAdminStores = (database: Database): AdminsPorts['stores'] => ({
  accounts: new AccountStore(database),
  invitations: new InvitationStore(database),
  verifications: new VerificationStore(database),
  sessions: new SessionStore(database),
  tokens: new TokenStore(database),
  approverKeys: new ApproverKeyStore(database),
  identities: new ProviderIdentityStore(database),
  passkeys: new PasskeyStore(database),
  customRoles: new CustomRoleStore(database),
  recoveryCodes: new RecoveryCodeStore(database),
});
