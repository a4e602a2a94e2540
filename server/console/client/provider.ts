/** Navigation to the identity provider and back. */
import { PROVIDER_PATH, providerRedirect } from '../../../shared/api/provider.ts';
import { call } from './call.ts';

/**
 * Channel on which a confirmation window reports its success to the window that opened it. `window.opener` does not work here, because the
 * Cross-Origin-Opener-Policy (COOP) of the pages clears it.
 */
const CHANNEL = 'cordon-step-up';

type Purpose = 'sign-in' | 'step-up' | 'link';
const PATHS: Readonly<Record<Purpose, string>> = {
  'sign-in': '/session/provider',
  'step-up': '/session/provider/step-up',
  link: '/session/provider/link',
};

/** Begins a sign-in, step-up or link. Returns the address of the identity provider, where the person continues. */
export const beginAtProvider = async (purpose: Purpose): Promise<string> =>
  (await call('POST', PATHS[purpose], providerRedirect)).url;

/**
 * Takes the provider's response from the address of this page, and removes it from the address bar and the history. Null on other pages.
 */
function take(): string | null {
  if (location.pathname !== PROVIDER_PATH) return null;
  const response = location.search.slice(1);
  history.replaceState(null, '', '/');
  return response;
}

/** The response is read once, when the page loads. */
export const responseAtStart = take();

export function announceStepUp(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage('confirmed');
  channel.close();
}

/**
 * Calls `confirmed` when another window of this console has confirmed the person's identity. Returns a function that ends the subscription.
 */
export function onStepUp(confirmed: () => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = confirmed;
  return () => channel.close();
}
