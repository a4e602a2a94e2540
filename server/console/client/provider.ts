/** Navigation to the identity provider and back. */
import { PROVIDER_PATH, providerRedirect } from '../../../shared/api/provider.ts';
import { call } from './call.ts';

/** Channel on which the window of a confirmation tells the window that opened it. A closed `opener` cannot, because of COOP. */
const CHANNEL = 'cordon-step-up';

type Purpose = 'sign-in' | 'step-up' | 'link';
const PATHS: Readonly<Record<Purpose, string>> = {
  'sign-in': '/session/provider',
  'step-up': '/session/provider/step-up',
  link: '/session/provider/link',
};

/** Returns the address of the provider at which the person continues. */
export const beginAtProvider = async (purpose: Purpose): Promise<string> =>
  (await call('POST', PATHS[purpose], providerRedirect)).url;

/** Response of the provider in the address of this page; null on other pages. The address bar and the history then lose it. */
function take(): string | null {
  if (location.pathname !== PROVIDER_PATH) return null;
  const response = location.search.slice(1);
  history.replaceState(null, '', '/');
  return response;
}

/** The page reads the response once, when it loads. */
export const responseAtStart = take();

export function announceStepUp(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage('confirmed');
  channel.close();
}

/** Calls `confirmed` when another window of this console has confirmed the identity. Returns a function that ends this. */
export function onStepUp(confirmed: () => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = confirmed;
  return () => channel.close();
}
