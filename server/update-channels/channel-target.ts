/** Data that the devices of a channel get, from the publications of the channel. The functions are pure. */
import {
  type ChannelTarget,
  MOST_ARCHITECTURES,
  MOST_FORMER,
  UPDATE_CHANNELS,
  type UpdateChannel,
} from '../../shared/software/update-channel.ts';
import type { Publication } from './ports.ts';

/** Newest publication of each architecture. `publications`: newest first. */
export function currentOf(publications: readonly Publication[]): Publication[] {
  const found = new Map<string, Publication>();
  for (const each of publications) if (!found.has(each.architecture)) found.set(each.architecture, each);
  return [...found.values()].slice(0, MOST_ARCHITECTURES);
}

/** Target of each channel. `publications`: of all channels, newest first. */
export function targetsOf(publications: readonly Publication[]): ReadonlyMap<UpdateChannel, ChannelTarget> {
  return new Map(UPDATE_CHANNELS.map((channel) => [channel, targetOf(channel, publications)]));
}

function targetOf(channel: UpdateChannel, all: readonly Publication[]): ChannelTarget {
  const publications = all.filter((each) => each.channel === channel);
  const current = currentOf(publications);
  const known = new Set(current.map(({ sha256 }) => sha256));
  const former = publications.filter(({ sha256 }) => {
    if (known.has(sha256)) return false;
    known.add(sha256);
    return true;
  });
  return {
    channel,
    revision: publications[0]?.revision ?? 0,
    packages: current.map(({ envelope }) => envelope),
    former: former.slice(0, MOST_FORMER).map(({ envelope }) => envelope),
  };
}
