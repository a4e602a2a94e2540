import type { UpdateOffer } from './update-offer.ts';

/** Sentences about an update that waits for the user. */
export function updateLines({ scope, startsAt, deadline, delaysLeft, hours }: UpdateOffer): string[] {
  const time = (at: number) => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const what = scope === 'security' ? 'security updates' : 'updates';
  return [
    `Your organization installs ${what} of the operating system on this device.`,
    `The installation starts on ${time(startsAt)}. To start it now: cordon-agent update --now`,
    delaysLeft > 0 && startsAt < deadline
      ? `You can delay it ${delaysLeft === 1 ? 'once' : `${delaysLeft} times`} by ${hours} hours, at most until ${time(deadline)}: cordon-agent update --delay`
      : 'You cannot delay it again.',
  ];
}
