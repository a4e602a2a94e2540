/** Disputed ground in words: what it is called, who claims it, to whom it counts. */
import { DISPUTED_FEATURES, type DisputedFeature, featureOf, groundArea } from '../../../shared/areas/area-code.ts';
import { areaName, listed, sentence } from '../../../shared/areas/area-words.ts';
import { readAtom } from '../../../shared/areas/atom.ts';
import { DISPUTED } from '../../../shared/areas/disputed.ts';
import { CONTESTED } from '../../../shared/areas/disputed-policy.ts';

/** `east_jerusalem` → East Jerusalem. */
export const disputedName = (feature: string): string => feature.split('_').map(sentence).join(' ');

/** `Georgia, Russia and a state of its own`: some are states to those who live there, and to no ISO code. */
export const claimantsWords = (feature: DisputedFeature): string =>
  listed(DISPUTED[feature].claimants.map((area) => (featureOf(area) === null ? areaName(area) : 'a state of its own')));

/** Of a policy's or a proposal's choice; nothing is contested too. `Ukraine`, `contested` */
export const choiceName = (choice: string | null | undefined): string =>
  choice == null || choice === CONTESTED ? 'contested' : areaName(choice);

/** The same as what is said of the place: `counts as Ukraine`, `is contested`. */
export const choiceWords = (choice: string | null | undefined): string =>
  choice == null || choice === CONTESTED ? 'is contested' : `counts as ${areaName(choice)}`;

/** The disputed ground among places that a device is in, or may be. */
export const groundAmong = (areas: readonly string[]): DisputedFeature[] =>
  DISPUTED_FEATURES.filter((feature) => areas.some((area) => (readAtom(area)?.place ?? area) === groundArea(feature)));
