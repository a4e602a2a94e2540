/** Texts for disputed territories: names, claimants and assignments. */
import { TERRITORIES, type Territory, territoryArea, territoryOf } from '../../../shared/areas/area-code.ts';
import { areaName, listed, sentence } from '../../../shared/areas/area-words.ts';
import { readPolygons } from '../../../shared/areas/evidence-text.ts';
import { TERRITORY_FACTS } from '../../../shared/areas/territory-facts.ts';
import { CONTESTED } from '../../../shared/areas/territory-policy.ts';

export const disputedName = (feature: string): string => feature.split('_').map(sentence).join(' ');

/** Claimants such as `Georgia, Russia and an unrecognized state`. A claimant without an ISO code appears as an unrecognized state. */
export const claimantsText = (feature: Territory): string =>
  listed(
    TERRITORY_FACTS[feature].claimants.map((area) =>
      territoryOf(area) === null ? areaName(area) : 'an unrecognized state',
    ),
  );

/**
 * Assignment of a disputed territory: the name of a country, such as `Ukraine`, or `contested`. A territory without an assignment is also
 * `contested`.
 */
export const choiceName = (choice: string | null | undefined): string =>
  choice == null || choice === CONTESTED ? 'contested' : areaName(choice);

export const choiceWords = (choice: string | null | undefined): string =>
  choice == null || choice === CONTESTED ? 'is contested' : `counts as ${areaName(choice)}`;

export const territoriesAmong = (areas: readonly string[]): Territory[] =>
  TERRITORIES.filter((feature) =>
    areas.some((area) => (readPolygons(area)?.location ?? area) === territoryArea(feature)),
  );
