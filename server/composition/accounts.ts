import { PROVIDER_PATH } from '../../shared/api/provider.ts';
import { createAdmins } from '../admins/admins.ts';
import { passkeySite } from '../console-link.ts';
import type { Devices } from '../devices/devices.ts';
import type { ProviderSettings } from '../openid/provider-settings.ts';
import { openAdminStores } from '../store/admin-store.ts';
import type { Foundation } from './foundation.ts';

/** Accounts of admins, with the identity provider if the installation has one. */
export async function createAccounts(
  { config, database, authority, clock, realNow, bus, bound, log, consoleOrigin }: Foundation,
  { devices }: { readonly devices: Pick<Devices, 'raiseAlert'> },
  settings: ProviderSettings | null,
) {
  const stores = openAdminStores(database);
  const sealer = (use: 'totp' | 'browser') => ({
    seal: (plain: Buffer) => authority.seal(Buffer.from(plain), use),
    unseal: (text: string) => authority.unseal(text, use),
  });
  const admins = createAdmins({
    stores,
    clock,
    now: realNow,
    bus,
    sealer: sealer('totp'),
    browserSealer: sealer('browser'),
    organization: config.organization,
    sessionIdle: config.sessionIdleMinutes * 60_000,
    passkeyPolicy: { site: passkeySite(config, () => bound.admin), required: config.requirePasskeys },
    alert: (code, detail) => devices.raiseAlert({ device: null, code, detail }),
    provider: settings
      ? { rules: settings, client: await createProvider(settings, { consoleOrigin, log, realNow }) }
      : undefined,
  });
  for (const { providerGroup, role } of await admins.unknownMappings()) {
    log.warn({ providerGroup, role }, 'the identity provider’s mapping names a custom role that does not exist');
  }
  return { admins, verifications: stores.verifications };
}

async function createProvider(
  settings: ProviderSettings,
  { consoleOrigin, log, realNow }: Pick<Foundation, 'consoleOrigin' | 'log' | 'realNow'>,
) {
  // The OpenID Connect library is loaded only if the installation has an identity provider.
  const { createOpenIdProvider } = await import('../openid/openid-provider.ts');
  return createOpenIdProvider({
    settings,
    redirectUri: () => `${consoleOrigin()}${PROVIDER_PATH}`,
    afterSignOut: () => `${consoleOrigin()}/`,
    log,
    now: realNow,
  });
}
